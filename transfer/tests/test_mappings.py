"""A foreign layout is declared once, heading by heading, and proposed for every file with the same headings."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from access.policies import NotAllowed
from audit.errors import Refused
from audit.models import Event
from clients.models import Client
from transfer.models import Extract, ExtractMapping, FieldPolicy, Reject
from transfer.services.imports import run_now, start_run
from transfer.services.intake import take_in
from transfer.services.mappings import Declaration, Wanted, declare_mapping, look_at_foreign, proposals_for
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import AS_OF, sealed
from vault.models import FilePurpose, SealedFile

pytestmark = pytest.mark.django_db

HEADINGS = [
    "Kunde",
    "Art",
    "Name",
    "Ausweisart",
    "Ausweis",
    "Stand",
    "Seit",
    "Filiale",
    "Sternzeichen",
    "Kunde",
]
TOLD_APART = [*HEADINGS[:-1], "Kunde#10"]
FIELDS = ["client_no", "kind", "name", "id_type", "id_number", "status", "opened_on", "branch", "", ""]
PREAMBLE = "Depotbank AG\r\nAuszug vom 23.11.2026\r\n"


def row(number: str, name: str = "周宁", kind: str = "个人") -> str:
    return f"{number};{kind};{name};护照;E{number[-8:]};正常;20200102;0001;Löwe;x\r\n"


def foreign(*rows: str) -> bytes:
    return (PREAMBLE + ";".join(HEADINGS) + "\r\n" + "".join(rows) + "Summe;;;;;;;;;\r\n").encode()


ONE, TWO = "000000000017", "000000000024"
FILE = foreign(row(ONE), row(TWO))


def whole(**more) -> Declaration:
    facts = {"kind": "clients", "fields": FIELDS, "header_line": 3, "delimiter": ";", "footer_lines": 1}
    return Declaration(**(facts | more))


@pytest.fixture
def declare(transfer, canglan, giver_steward):
    def now(by=giver_steward, headings=TOLD_APART, **more) -> ExtractMapping:
        return declare_mapping(
            transfer=transfer,
            side=canglan,
            name="Depotbank",
            headings=headings,
            declaration=whole(**more),
            by=by,
        )

    return now


def test_a_file_is_loaded_as_it_was_declared(declare, transfer, canglan, giver_steward, audited):
    mapping = declare()
    file = sealed(canglan, "kunden.txt", FILE)
    extract = take_in(transfer=transfer, file=file, purpose="full", mapping=mapping, by=giver_steward)
    run = run_now(start_run(extract=extract, mode="load", by=giver_steward, as_of=AS_OF))
    assert (run.state, run.rows, run.accepted) == ("done", 2, 2)
    assert Client.objects.count() == 2
    assert {row.source_field: row.policy for row in FieldPolicy.objects.filter(target_field="")} == {
        "Sternzeichen": "never",
        "Kunde#10": "never",
    }
    kinds = [kind for kind, _ in audited()]
    assert kinds[0] == "import.mapping_declared" and kinds.count("import.policy_set") == 10
    declared = Event.objects.get(type="import.mapping_declared")
    assert declared.subject == mapping.pk and "Sternzeichen" not in str(declared.facts)


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"fields": [*FIELDS[:-1], "?"]}, "mapping.undecided", "Kunde#10"),
        ({"fields": FIELDS[:-1]}, "mapping.undecided", "Kunde#10"),
        ({"fields": [*FIELDS[:-1], "name"]}, "mapping.field_twice", "客户姓名"),
        ({"fields": [*FIELDS[:-1], "star_sign"]}, "mapping.field_unknown", "star_sign"),
        ({"fields": ["", *FIELDS[1:]]}, "mapping.field_needed", "客户号"),
        ({"rules": {"kind": "P=Mensch"}}, "mapping.rule_unclear", "客户类型"),
        ({"rules": {"kind": "6"}}, "mapping.rule_unclear", "客户类型"),
        ({"rules": {"kind": "="}}, "mapping.rule_unclear", "客户类型"),
        ({"rules": {"client_no": "99"}}, "mapping.rule_unclear", "客户号"),
        ({"rules": {"name": "6"}}, "mapping.rule_unclear", "客户姓名"),
        ({"rules": {"phone": "6"}}, "mapping.rule_unclear", "手机号码"),
        ({"encoding": "rot13"}, "mapping.layout_unknown", None),
        ({"delimiter": "x"}, "mapping.layout_unknown", None),
        ({"constants": {"branch": "0001"}}, "mapping.field_twice", "营业部代码"),
    ],
)
def test_nothing_may_be_left_open(declare, audited, more, code, field):
    with pytest.raises(Refused) as refusal:
        declare(**more)
    assert (refusal.value.code, refusal.value.params.get("field")) == (code, field)
    assert not ExtractMapping.objects.exists() and not FieldPolicy.objects.exists()
    assert audited() == []


def test_a_value_for_all_lines_stands_for_a_field_the_file_lacks(declare, transfer, canglan, giver_steward):
    mapping = declare(fields=[*FIELDS[:7], "", *FIELDS[8:]], constants={"branch": "0001"})
    file = sealed(canglan, "kunden.txt", FILE)
    extract = take_in(transfer=transfer, file=file, purpose="full", mapping=mapping, by=giver_steward)
    run = run_now(start_run(extract=extract, mode="load", by=giver_steward, as_of=AS_OF))
    assert (run.rows, run.accepted, extract.header[-1]) == (2, 2, "营业部代码")


def test_words_of_the_source_and_codes_stored_as_numbers_are_read_as_declared(
    declare, transfer, canglan, giver_steward
):
    from intake.tests.hostile import workbook

    def line(number: object, kind: str, branch: object) -> list:
        return [number, kind, "周宁", "Pass", "E00000017", "aktiv", "20200102", branch, "Löwe", "x"]

    rows = [
        line(17, "Person", 1),
        line("000000000024", "Person", "0001"),
        line(31, "Firma", 1),
        line(3.5, "Person", 1),
    ]
    rows.append(line(12345678901234567, "Person", 1))
    words = {"kind": "Person=个人", "id_type": "Pass=护照", "status": "aktiv=正常；weg=销户"}
    mapping = declare(
        rules={**words, "client_no": "12", "branch": "4"}, header_line=1, footer_lines=0, delimiter=","
    )
    file = sealed(canglan, "kunden.xlsx", workbook(HEADINGS, *rows))
    extract = take_in(transfer=transfer, file=file, purpose="full", mapping=mapping, by=giver_steward)
    run = run_now(start_run(extract=extract, mode="load", by=giver_steward, as_of=AS_OF))
    assert (run.rows, run.accepted) == (5, 2)
    assert sorted(Reject.objects.filter(run=run).values_list("line", "column", "code")) == [
        (4, "Art", "value_unknown"),
        (5, "Kunde", "number_cell"),
        (6, "Kunde", "number_cell"),
    ]


def test_the_other_firm_and_other_duties_declare_nothing(declare, taker_steward, giver_supervisor):
    with pytest.raises((Refused, NotAllowed)):
        declare(by=taker_steward)
    with pytest.raises(NotAllowed):
        declare(by=giver_supervisor)
    assert not ExtractMapping.objects.exists()


def test_other_headings_are_refused_and_equal_ones_proposed(declare, transfer, canglan, giver_steward):
    mapping = declare()
    other = sealed(canglan, "a.txt", FILE.replace(b"Filiale", b"Zweig"))
    with pytest.raises(Refused) as refusal:
        take_in(transfer=transfer, file=other, purpose="full", mapping=mapping, by=giver_steward)
    assert refusal.value.code == "file.mapping_differs"
    assert not Extract.objects.exists()
    same = sealed(canglan, "b.txt", foreign(row("000000000031")))
    assert proposals_for(transfer=transfer, sealed_file=same, by=giver_steward) == [mapping]
    assert proposals_for(transfer=transfer, sealed_file=other, by=giver_steward) == []


def test_the_first_lines_are_shown_masked_as_they_would_be_read(transfer, canglan, giver_steward, audited):
    file = sealed(canglan, "kunden.txt", FILE)
    seen = look_at_foreign(transfer=transfer, sealed_file=file, wanted=Wanted("clients"), by=giver_steward)
    assert (seen.delimiter, seen.header_line, seen.headings) == (";", 3, TOLD_APART)
    assert "周宁" not in str(seen.lines) and "Löwe" not in str(seen.lines)
    decided = Wanted("clients", fields=FIELDS, footer_lines=1, header_line=3)
    lines = look_at_foreign(transfer=transfer, sealed_file=file, wanted=decided, by=giver_steward).lines
    assert [line.number for line in lines] == [4, 5]
    assert "周宁" not in str(lines) and ONE not in str(lines) and "20200102" in str(lines)
    assert {kind for kind, _ in audited()} == {"audit.data_read"}


def test_mended_rejects_of_a_mapped_file_find_their_way_back(declare, transfer, canglan, giver_steward):
    from audit.reading import reading
    from transfer.services.rejects import reject_file, reject_subjects

    mapping = declare()
    file = sealed(canglan, "kunden.txt", foreign(row(ONE), row(TWO, kind="Mensch")))
    extract = take_in(transfer=transfer, file=file, purpose="full", mapping=mapping, by=giver_steward)
    run = run_now(start_run(extract=extract, mode="load", by=giver_steward, as_of=AS_OF))
    assert list(Reject.objects.values_list("line", "column", "code")) == [(5, "Art", "value_unknown")]
    with reading(
        actor=giver_steward, organisation=canglan.pk, purpose="export_rejects", subjects=reject_subjects(run)
    ) as right:
        out = b"".join(reject_file(run=run, reading=right, language="en"))
    assert "Löwe".encode() not in out
    again = sealed(canglan, "mended.csv", out.replace("Mensch".encode(), "个人".encode()))
    mended = take_in(transfer=transfer, file=again, purpose="mended", kind="clients", by=giver_steward)
    run = run_now(start_run(extract=mended, mode="load", by=giver_steward, as_of=AS_OF))
    assert (run.rows, run.accepted) == (1, 1)
    assert Reject.objects.get().decision == "mended"


def test_an_encoding_that_only_a_person_knows_is_declared(declare, transfer, canglan, giver_steward):
    data = (
        foreign(row(ONE, name="Müller"), row(TWO)).decode().replace("周宁", "Weiß").replace("个人", "Person")
    )
    data = data.replace("护照", "Pass").replace("正常", "aktiv").encode("cp1252")
    file = sealed(canglan, "kunden.txt", data)
    with pytest.raises(Refused) as refusal:
        take_in(transfer=transfer, file=file, purpose="full", by=giver_steward)
    assert refusal.value.code in {"file.encoding", "file.unknown_field"}
    mapping = declare(encoding="cp1252")
    extract = take_in(transfer=transfer, file=file, purpose="full", mapping=mapping, by=giver_steward)
    run = run_now(start_run(extract=extract, mode="profile", by=giver_steward, as_of=AS_OF))
    assert (extract.encoding, run.rows, run.accepted) == ("cp1252", 2, 0)
    assert set(Reject.objects.filter(run=run).values_list("code", flat=True)) == {"value_unknown"}


# The pages.


def page(transfer, upload: str) -> str:
    return reverse("transfer-mapping", args=[transfer.pk, upload])


@pytest.fixture
def browser(signed_in, giver_steward):
    return signed_in(giver_steward)


@pytest.fixture
def refused(browser, transfer):
    """A foreign file handed in by browser: refused, and waiting."""

    def hand_in(data: bytes = FILE):
        file = SimpleUploadedFile("kunden.txt", data, content_type="text/plain")
        form = {"file": file, "kind": "", "purpose": "full"}
        answer = browser.post(reverse("transfer-import-upload", args=[transfer.pk]), form)
        waiting = SealedFile.objects.filter(purpose=FilePurpose.UPLOAD).latest("created_at")
        return answer.content.decode(), str(waiting.pk)

    return hand_in


def columns(found: str, **more) -> dict:
    import re

    seen = re.search(r'name="seen" value="([^"]*)"', found)[1].replace("&#x27;", "'").replace("&quot;", '"')
    fields = {f"c{place}": name or "-" for place, name in enumerate(FIELDS)}
    layout = {"name": "Depotbank", "kind": "clients", "footer_lines": "1", "purpose": "full"}
    return layout | fields | {"seen": seen} | more


def test_a_foreign_file_is_mapped_in_the_browser_and_the_next_one_gets_the_mapping_proposed(
    browser, refused, transfer
):
    text, upload = refused()
    assert page(transfer, upload) in text
    first = browser.get(page(transfer, upload)).content.decode()
    assert "Sternzeichen" in first and "周宁" not in first
    looked = browser.post(page(transfer, upload), columns(first, act="look")).content.decode()
    looked = browser.post(page(transfer, upload), columns(looked, act="look")).content.decode()
    assert "周宁" not in looked and "20200102" in looked
    worded = columns(looked, act="look", r1="个人=机构")
    assert "机构</td>" in browser.post(page(transfer, upload), worded).content.decode()
    open_yet = browser.post(page(transfer, upload), columns(looked, act="save", c9="?"))
    assert open_yet.status_code == 200 and "Kunde#10" in open_yet.content.decode()
    assert not ExtractMapping.objects.exists()
    saved = browser.post(page(transfer, upload), columns(looked, act="save"))
    extract = Extract.objects.get()
    assert saved.status_code == 302 and str(extract.pk) in saved.url
    text, upload = refused(foreign(row("000000000031")))
    assert "Depotbank" in text
    used = browser.post(
        reverse("transfer-mapping-apply", args=[transfer.pk, upload]),
        {"mapping": str(extract.mapping_id), "purpose": "full"},
    )
    assert used.status_code == 302 and Extract.objects.count() == 2


def test_the_page_of_the_mapping_is_for_those_who_set_policies(
    signed_in, refused, giver_supervisor, transfer
):
    _, upload = refused()
    assert signed_in(giver_supervisor).get(page(transfer, upload)).status_code == 404


def test_the_other_firms_waiting_file_is_not_found(signed_in, refused, taker_steward, transfer):
    _, upload = refused()
    assert signed_in(taker_steward).get(page(transfer, upload)).status_code in {404, 409}


# The API.


def test_a_mapping_is_declared_proposed_and_used_over_the_api(api, transfer, giver_steward):
    caller = api(giver_steward)
    at = f"transfers/{transfer.pk}/"

    def file(data: bytes = FILE) -> SimpleUploadedFile:
        return SimpleUploadedFile("kunden.txt", data, content_type="text/plain")

    assert caller.upload(f"{at}extracts/", file=file()).status_code == 409
    seen = caller.upload(f"{at}mappings/look/", file=file(), kind="clients").json()
    assert (seen["header_line"], seen["headings"]) == (3, TOLD_APART)
    made = caller.post(
        f"{at}mappings/",
        name="Depotbank",
        kind="clients",
        headings=TOLD_APART,
        fields_of_headings=FIELDS,
        header_line=3,
        delimiter=";",
        footer_lines=1,
    )
    assert made.status_code == 201
    fitting = caller.upload(f"{at}mappings/proposals/", file=file()).json()
    assert [row["id"] for row in fitting] == [made.json()["id"]]
    taken = caller.upload(f"{at}extracts/", file=file(), mapping=made.json()["id"])
    assert taken.status_code == 201 and taken.json()["header"] == TOLD_APART
