"""Reconciling by digests finds exactly what comparing everything in memory finds."""

import csv
import io
import random
import zipfile
from collections import defaultdict
from decimal import Decimal, InvalidOperation

import numpy as np
import pytest

from audit.reading import reading
from transfer.comparisons import COMPARISONS
from transfer.delivery import CsvReader
from transfer.models import Break, ReturnPiece
from transfer.reconcile import Counts, Layout, Shape, match, plain_amount, records_in
from transfer.services import breaks as ledger
from transfer.services.reconciling import reconcile
from transfer.services.returns import receive_return
from transfer.services.runs import make_delivery, start_rehearsal
from transfer.tests.test_certificate import ready  # noqa: F401  fixture
from vault.files import open_file, seal_stream
from vault.models import SealedFile

COLUMNS = ("id", "amount", "name")
SHAPE = Shape(COLUMNS, Layout(("id",), ("amount", "name"), frozenset({"amount"})))
AMOUNTS = ["1", "1.0", "1.00", "01", "", "0", "-0", "0.0", "1E0", "10", "1E1", "NaN", "x", "１", "1_0", " 1"]
NAMES = ["a", "b", "a\x1fb", "", "甲"]


def same(one, other, layout, column):
    if one == other:
        return True
    if column not in layout.amounts:
        return False
    try:
        return abs(Decimal(one or "0") - Decimal(other or "0")) <= layout.tolerance
    except InvalidOperation:
        return False


def slow_truth(expected, actual, shape):
    """The plain way: both sides whole in memory, rows of one key paired off, equal ones first."""
    found, equal = set(), 0
    groups = defaultdict(lambda: ([], []))
    for side, rows in enumerate((expected, actual)):
        for row in rows:
            groups[shape.key_of(row)][side].append(row)
    for key, (mine, theirs) in groups.items():
        rest = list(theirs)
        unlike = []
        for row in mine:
            for other in rest:
                pairs = zip(shape.columns, row, other, strict=False)
                if all(same(a, b, shape.layout, name) for name, a, b in pairs if name in shape.layout.fields):
                    rest.remove(other)
                    equal += 1
                    break
            else:
                unlike.append(row)
        for row, other in zip(unlike, rest, strict=False):
            for name, a, b in zip(shape.columns, row, other, strict=False):
                if name in shape.layout.fields and not same(a, b, shape.layout, name):
                    found.add(("differs", key, name, a, b))
        found |= {("missing", key, "", "present", "")} if len(unlike) > len(rest) else set()
        found |= {("extra", key)} if len(rest) > len(unlike) else set()
    return found, equal


def fast(expected, actual, shape, *, parts, lots):
    counts, found = Counts(), set()
    sides = [shape.digests(rows) for rows in (expected, actual)]
    for part in range(parts):
        suspects = match(*(records_in(side, part, parts, 0) for side in sides), counts)
        for lot in (suspects.lot(number, lots) for number in range(lots)):
            groups = defaultdict(lambda: ([], []))
            for place in lot.expected:
                groups[shape.key_of(expected[place])][0].append(expected[place])
            for place in lot.actual:
                groups[shape.key_of(actual[place])][1].append(actual[place])
            for mine, theirs in groups.values():
                for one in shape.differences(mine, theirs, counts):
                    rest = () if one.kind == "extra" else (one.field, one.expected, one.actual)
                    found.add((one.kind, one.key, *rest))
    return found, counts


@pytest.mark.parametrize("seed", range(200))
def test_digests_find_what_the_plain_way_finds(seed):
    chance = random.Random(seed)
    keys = [str(number) for number in range(chance.choice([1, 5, 40]))]

    def row(key):
        return (key, chance.choice(AMOUNTS), chance.choice(NAMES))

    expected = [row(chance.choice(keys)) for _ in range(chance.randrange(40))]
    actual = [one if chance.random() < 0.7 else row(one[0]) for one in expected if chance.random() < 0.9]
    actual += [row(chance.choice([*keys, "unknown"])) for _ in range(chance.randrange(4))]
    chance.shuffle(actual)
    truth, equal = slow_truth(expected, actual, SHAPE)
    for parts, lots in ((1, 1), (2, 3), (7, 1)):
        found, counts = fast(expected, actual, SHAPE, parts=parts, lots=lots)
        assert found == truth
        assert (counts.expected, counts.actual, counts.equal) == (len(expected), len(actual), equal)


def test_keys_that_collide_make_and_hide_nothing(monkeypatch):
    real = SHAPE.digests

    def colliding(rows):
        records = np.frombuffer(real(rows), dtype=[("key", "<u8"), ("high", "<u8"), ("low", "<u8")]).copy()
        records["key"] = 7
        return records.tobytes()

    monkeypatch.setattr(SHAPE, "digests", colliding)
    expected = [("1", "1", "a"), ("2", "1", "a"), ("3", "1", "a")]
    actual = [("2", "1.0", "a"), ("1", "1", "b"), ("4", "1", "a")]
    assert fast(expected, actual, SHAPE, parts=3, lots=2)[0] == slow_truth(expected, actual, SHAPE)[0]


@pytest.mark.parametrize("one", AMOUNTS)
def test_amounts_written_alike_are_alike(one):
    for other in AMOUNTS:
        if plain_amount(one) == plain_amount(other):
            assert same(one, other, SHAPE.layout, "amount")


def test_a_row_over_several_lines_is_one_row_wherever_reading_goes_on():
    text = 'a,b\r\n1,"two\nlines"\r\n\r\n2,x\n3,"end"'.encode()
    rows, at, places = [], 0, []
    while at < len(text):
        reader = CsvReader([text[at:]], at=at)
        row = next(iter(reader), None)
        at = reader.at if row else len(text)
        rows += [row] if row else []
        places.append(at)
    assert rows == [["a", "b"], ["1", "two\nlines"], ["2", "x"], ["3", "end"]]
    for size in (1, 2, 7, 100):
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        assert list(CsvReader(pieces)) == rows


def test_a_line_without_end_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr("transfer.delivery.LINE_BYTES", 100)
    with pytest.raises(csv.Error):
        list(CsvReader([b"x" * 60, b"y" * 60]))


@pytest.fixture
def small(monkeypatch):
    """Everything in the smallest pieces, so that three clients take every path."""
    monkeypatch.setattr("transfer.services.pieces.CLIENTS_OF_A_PIECE", 1)
    monkeypatch.setattr("transfer.services.reconciling.ROWS_OF_A_PIECE", 2)
    monkeypatch.setattr("transfer.reconcile.PART_ROWS", 2)
    monkeypatch.setattr("transfer.services.comparing.SUSPECTS_AT_ONCE", 2)


def delivered_rows(run, by):
    file = SealedFile.objects.get(pk=run.delivery_file)
    with reading(actor=by, organisation=by.organisation_id, purpose="test", subjects=[file.pk]) as right:
        archive = zipfile.ZipFile(io.BytesIO(b"".join(open_file(file, right))))
    names = ("clients", "accounts", "holdings")
    return {name: list(CsvReader([archive.read(f"{name}.csv")]))[1:] for name in names}


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_the_ledger_holds_what_the_plain_way_finds(seed, small, ready, giver_manager, taker_steward):  # noqa: F811
    chance = random.Random(seed)
    run = start_rehearsal(transfer=ready, by=giver_manager)
    make_delivery(run=run)
    run.refresh_from_db()
    rows = delivered_rows(run, taker_steward)
    truth = {}
    for (source, kind), comparison in COMPARISONS.items():
        expected = [tuple(row) for row in comparison.derive(rows[comparison.part])]
        width = len(comparison.shape.columns)
        actual = [list(row[:width]) for row in expected if chance.random() < 0.8] or [
            list(row[:width]) for row in expected[:1]
        ]
        for row in actual:
            if chance.random() < 0.4:
                row[-1] += "1"
        actual += [list(row) for row in actual if chance.random() < 0.2]
        if chance.random() < 0.5 or not actual:
            actual.append(["unknown", *["9"] * (width - 1)])
        chance.shuffle(actual)
        text = io.StringIO(newline="")
        csv.writer(text).writerows([comparison.shape.columns, *actual])
        sealed = seal_stream(
            [text.getvalue().encode()], holder=taker_steward.organisation_id, purpose="return", name=kind
        )
        receive_return(run=run, source=source, kind=kind, file=sealed, by=taker_steward)
        for what, key, *rest in slow_truth(expected, actual, comparison.shape)[0]:
            truth[source, f"{kind}.{what}", rest[0] if rest else "", key] = True
    reconcile(run=run, by=taker_steward)
    wanted = {
        (source, kind, field, ledger._row_name(kind.split(".")[0], _with_key(key)))
        for source, kind, field, key in truth
    }
    kept = Break.objects.filter(run=run)
    assert set(kept.values_list("source", "kind", "field", "row")) == wanted
    assert not kept.filter(client=None).exclude(kind__endswith=".extra").exists()
    run.refresh_from_db()
    assert not SealedFile.objects.filter(pk__in=run.pieces.exclude(file=None).values("file")).exists()
    assert ReturnPiece.objects.filter(returned__run=run).count() >= len(COMPARISONS)


def _with_key(key):
    return type("Key", (), {"key": key})()
