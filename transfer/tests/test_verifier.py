"""What the one-file program refuses even when both organisations' keys have signed it."""

import hashlib
import json

import pytest

from transfer import verify_handover
from transfer.services.certificates import dump
from transfer.services.mandates import go_bytes
from transfer.tests.test_certificate import certificate, cut_over, files, mandate, ready  # noqa: F401  fixtures
from vault.signing import signer

pytestmark = pytest.mark.django_db


@pytest.fixture
def verdict(files, certificate, capsys, monkeypatch):  # noqa: F811
    """Signs a changed statement anew with both certificate keys, as whoever holds both could, and verifies it."""
    monkeypatch.chdir(files)
    document = json.loads((files / "certificate.json").read_text(encoding="utf-8"))

    def verify(change):
        statement = json.loads(document["statement"])
        change(statement)
        written = json.dumps(statement, separators=(",", ":"), ensure_ascii=False).encode()
        signatures = []
        for party in sorted(certificate.transfer.parties()):
            key = signer("certificate", party)
            signatures.append(
                {
                    "organisation": str(party),
                    "public": key.public.hex(),
                    "signature": key.sign(written).hex(),
                }
            )
        (files / "certificate.json").write_bytes(
            dump({"statement": written.decode(), "signatures": signatures})
        )
        capsys.readouterr()
        return verify_handover.main(["certificate.json", "--keys", "keys.json"]), capsys.readouterr().out

    return verify


def reworded(text, **changes):
    return json.dumps(
        {**json.loads(text), **changes}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def test_the_statement_as_it_was_issued_fits(verdict):
    assert verdict(lambda _: None)[0] == 0


def test_one_go_copied_is_no_second_go(verdict):
    def copy(statement):
        signatures = statement["mandate"]["signatures"]
        signatures[1] = signatures[0]

    status, said = verdict(copy)
    assert (status, "the same person twice" in said) == (1, True)


def test_one_person_who_speaks_for_both_firms_is_found(verdict, mandate, yuanxiu, giver_manager):  # noqa: F811
    def speak_twice(statement):
        own = mandate.signatures.select_related("mandate").get(signed_by=giver_manager)
        own.organisation = yuanxiu
        text = go_bytes(own)
        for place, entry in enumerate(statement["mandate"]["signatures"]):
            if json.loads(entry["go"])["organisation"] == str(yuanxiu.pk):
                signature = signer("custody", yuanxiu.pk).sign(text).hex()
                statement["mandate"]["signatures"][place] = {"go": text.decode(), "signature": signature}
                return

    status, said = verdict(speak_twice)
    assert (status, "the same person twice" in said) == (1, True)


def test_a_go_in_anothers_name_does_not_fit(verdict):
    def rename(statement):
        entry = statement["mandate"]["signatures"][0]
        entry["go"] = reworded(entry["go"], person="0199aaaa-0000-7000-8000-000000000000")

    status, said = verdict(rename)
    assert (status, "the signature does not fit" in said) == (1, True)


def test_a_release_shown_as_a_mandate_is_none(verdict):
    def disguise(statement):
        text = statement["batches"][0]["release"]
        statement["mandate"] |= {"statement": text, "digest": hashlib.sha256(text.encode()).hexdigest()}

    assert "the mandate is no mandate" in verdict(disguise)[1]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda s: s["exceptions"].clear(), "gate 7: closed, no exception"),
        (lambda s: s["gates"][0].update(holds=False), "gate 1: does not hold by its own facts"),
        (
            lambda s: s["gates"][6]["facts"].update(taken_as_given=True),
            "gate 7: other facts than were signed",
        ),
        (lambda s: s["gates"].pop(), "not the seven gates"),
        (
            lambda s: s["exceptions"][0].update(granted_by=s["exceptions"][0]["asked_by"]),
            "one person asked and granted",
        ),
        (lambda s: s["funnel"].update(parked=1), "the funnel counts 4 of 3 clients"),
        (
            lambda s: s["funnel"].update(accepted=2, left=1),
            "the funnel's accepted are not the clients handed over",
        ),
        (lambda s: s["funnel"].update(accepted=2, released=1), "the funnel's accepted"),
        (lambda s: s["open_breaks"].clear(), "the open breaks are not those of the table"),
        (lambda s: (s["breaks"].clear(), s["open_breaks"].clear()), "rows differ, 0 breaks say so"),
        (lambda s: s["reconciliation"].pop("bank/balances"), "not everything was reconciled"),
        (
            lambda s: s["reconciliation"]["transferee/clients"].update(expected=2, actual=2, equal=2),
            "other clients than",
        ),
        (lambda s: s["agreement"]["signatures"].pop(), "neither signed by both nor executed"),
        (lambda s: s["agreement"].update(digest="00" * 32), "a signature under the agreement"),
        (lambda s: s["agreement"].clear(), "there is no agreement"),
        (lambda s: s["transfer"].update(no_return_at="2020-01-01T00:00:00+00:00"), "in the mandate's window"),
        (lambda s: s["transfer"].update(id=s["transferor"]["id"]), "of another transfer"),
        (lambda s: s["batches"].append(s["batches"][0]), "out of order"),
        (
            lambda s: s["transferee"].update(custody_key=s["transferor"]["custody_key"]),
            "the same custody_key",
        ),
        (lambda s: s["log"].update(key="00" * 32), ""),
        (lambda s: s["signers"].pop(), "one officer of each party"),
        (
            lambda s: s["signers"][0].update(person=s["signers"][1]["person"]),
            "one officer of each party",
        ),
        (lambda s: s["signers"].append(dict(s["signers"][0])), "one officer of each party"),
        (lambda s: s.update(clients=2), "the batches count 3 clients"),
        (lambda s: s["funnel"].update(parked=-1, left=1), "not a count"),
    ],
)
def test_what_both_keys_signed_and_is_wrong_does_not_fit(verdict, change, sentence):
    status, said = verdict(change)
    assert status == 1
    assert sentence in said


def test_a_name_that_stands_twice_in_a_signed_text_does_not_fit(verdict):
    def double(statement):
        batch = statement["batches"][0]
        batch["release"] = batch["release"].replace('{"batch":1,', '{"batch":1,"batch":1,')

    assert "written differently from how it was signed" in verdict(double)[1]


@pytest.mark.parametrize("part", ["record_digest", "key_commitment"])
def test_a_proof_must_lead_to_the_root_both_firms_signed_for_its_batch(files, part, capsys, monkeypatch):  # noqa: F811
    monkeypatch.chdir(files)
    proof = json.loads((files / "proof.json").read_text())
    proof["batch"]["index"] = 0 if proof["batch"]["index"] else 1
    (files / "proof.json").write_text(json.dumps(proof, sort_keys=True, indent=1) + "\n")
    assert verify_handover.main(["certificate.json", "--keys", "keys.json", "--proof", "proof.json"]) == 1
    proof[part] = "00" * 32
    (files / "proof.json").write_text(json.dumps(proof, sort_keys=True, indent=1) + "\n")
    assert verify_handover.main(["certificate.json", "--keys", "keys.json", "--proof", "proof.json"]) == 1
    assert "does not lead to" in capsys.readouterr().out
