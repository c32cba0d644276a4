"""The certificate is issued by two acts: an officer of each firm signs the same frozen statement."""

import hashlib
import json

import pytest
from django.urls import reverse

from access.errors import NotAllowed
from audit.errors import Refused
from audit.sequencer import sequence_once
from audit.tree import leaf_hash, root_of
from clients.models import Client, CustodyMember
from clients.statements import member_leaf
from transfer.models import Break, Certificate, CertificateDraft, Transfer
from transfer.services.certificates import (
    draft_certificate,
    inclusion_proof,
    live_draft,
    read_certificate,
    read_draft,
    sign_certificate,
)
from transfer.services.members import grow_tree, path_in_tree
from transfer.services.reconciling import reconcile
from transfer.services.runs import make_delivery
from transfer.tests.test_certificate import cut_over, issue, mandate, ready, send_back  # noqa: F401  fixtures
from transfer.verify_handover import climb

pytestmark = pytest.mark.django_db


@pytest.fixture
def reconciled(cut_over, ready, taker_steward):  # noqa: F811
    make_delivery(run=cut_over)
    cut_over.refresh_from_db()
    send_back(cut_over, taker_steward)
    reconcile(run=cut_over, by=taker_steward)
    sequence_once()
    return ready


@pytest.fixture
def draft(reconciled, giver_officer, taker_officer):
    return draft_certificate(
        transfer=reconciled,
        transferor_signer=giver_officer,
        transferee_signer=taker_officer,
        by=giver_officer,
    )


def refused(code, act, **arguments):
    with pytest.raises(Refused) as refusal:
        act(**arguments)
    assert refusal.value.code == code


def test_one_firms_signature_issues_nothing(draft, giver_officer, audited):
    assert sign_certificate(draft=draft, by=giver_officer) is None
    assert not Certificate.objects.exists()
    assert Transfer.objects.get().state == "reconciling"
    assert ("certificate.signed", draft.pk) in audited()
    refused("certificate.signed_already", sign_certificate, draft=draft, by=giver_officer)


def test_with_both_signatures_it_is_issued_and_names_both(audited, draft, giver_officer, taker_officer):
    read = read_draft(draft=draft, by=taker_officer)
    assert hashlib.sha256(read).hexdigest() == draft.digest
    sign_certificate(draft=draft, by=taker_officer)
    issued = sign_certificate(draft=draft, by=giver_officer)
    document = json.loads(read_certificate(certificate=issued, by=giver_officer))
    assert document["statement"].encode() == read
    people = [signer["person"] for signer in json.loads(document["statement"])["signers"]]
    assert people == [str(giver_officer.pk), str(taker_officer.pk)]
    assert Transfer.objects.get().state == "settled"
    kinds = [kind for kind, _ in audited()]
    assert [kinds.count(f"certificate.{what}") for what in ("drafted", "signed", "issued")] == [1, 2, 1]


def test_nobody_signs_for_the_other_firm_or_in_anothers_place(
    draft, giver_officer2, giver_manager, taker_manager, audited
):
    before = audited()
    refused("certificate.other_signs", sign_certificate, draft=draft, by=giver_officer2)
    for person in (giver_manager, taker_manager):
        with pytest.raises(NotAllowed):
            sign_certificate(draft=draft, by=person)
    assert audited() == before


def test_a_signer_must_be_an_officer_of_that_side(reconciled, giver_officer, giver_officer2, taker_manager):
    for other in (giver_officer2, taker_manager):
        refused(
            "certificate.signer_may_not",
            draft_certificate,
            transfer=reconciled,
            transferor_signer=giver_officer,
            transferee_signer=other,
            by=giver_officer,
        )
    assert not CertificateDraft.objects.exists()


def test_what_changed_since_the_draft_is_not_signed(draft, reconciled, giver_officer, taker_officer):
    sign_certificate(draft=draft, by=giver_officer)
    Break.objects.filter(run__transfer=reconciled).update(state="explained")
    refused("certificate.facts_changed", sign_certificate, draft=draft, by=taker_officer)
    newer = draft_certificate(
        transfer=reconciled,
        transferor_signer=giver_officer,
        transferee_signer=taker_officer,
        by=taker_officer,
    )
    refused("certificate.draft_withdrawn", sign_certificate, draft=draft, by=taker_officer)
    assert live_draft(reconciled) == newer
    assert not draft.tiles.exists()
    sign_certificate(draft=newer, by=taker_officer)
    assert sign_certificate(draft=newer, by=giver_officer).number == newer.number


def test_a_write_off_that_waits_holds_the_draft_up(reconciled, giver_officer, taker_officer):
    Break.objects.filter(run__transfer=reconciled).update(state="asked")
    refused(
        "certificate.write_off_waiting",
        draft_certificate,
        transfer=reconciled,
        transferor_signer=giver_officer,
        transferee_signer=taker_officer,
        by=giver_officer,
    )


def test_both_officers_do_it_in_the_browser(
    reconciled, giver_officer, taker_officer, signed_in, stepped_up, monkeypatch
):
    monkeypatch.setattr("transfer.views.frame.require_sight", lambda *_: None)

    def at(name):
        return reverse(f"transfer-certificate{name}", args=[reconciled.pk])

    page = signed_in(giver_officer).get(at("-draft")).content.decode()
    assert giver_officer.username in page
    assert taker_officer.username in page
    names = {"transferor_signer": str(giver_officer.pk), "transferee_signer": str(taker_officer.pk)}
    assert signed_in(giver_officer).post(at("-draft"), names).status_code == 302
    digest = CertificateDraft.objects.get().digest
    assert digest in signed_in(taker_officer).get(at("")).content.decode()
    assert hashlib.sha256(signed_in(taker_officer).get(at("-statement")).content).hexdigest() == digest
    assert "/step-up/" in signed_in(taker_officer).post(at("-sign"))["Location"]
    assert digest in stepped_up(taker_officer).get(at("-sign")).content.decode()
    stepped_up(taker_officer).post(at("-sign"))
    assert not Certificate.objects.exists()
    stepped_up(giver_officer).post(at("-sign"))
    assert Certificate.objects.get().issued_by == giver_officer
    page = signed_in(taker_officer).get(at("")).content.decode()
    assert giver_officer.name in page
    assert taker_officer.name in page


def test_every_proof_leads_to_the_root(reconciled, giver_officer, taker_officer):
    certificate = issue(reconciled, giver_officer, taker_officer)
    for client in Client.objects.all():
        proof = json.loads(inclusion_proof(certificate=certificate, client=client))
        body = client.pk.bytes + bytes.fromhex(proof["record_digest"] + proof["key_commitment"])
        assert climb(leaf_hash(body), proof, proof["size"], "proof") == bytes(certificate.root).hex()


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 700, 66_000])
def test_the_tiles_give_the_tree_of_any_size(draft, size, monkeypatch):
    import uuid

    members = [(uuid.UUID(int=number), b"d" * 32, number.to_bytes(32, "big")) for number in range(size)]
    monkeypatch.setattr("transfer.services.members.all_members", lambda _transfer: iter(members))
    draft.tiles.all().delete()
    draft.client_count, draft.root = grow_tree(draft)
    assert (draft.client_count, draft.root) == (size, root_of(member_leaf(*member) for member in members))
    for place in {0, size // 3, size // 2, size - 1}:
        index, path = path_in_tree(draft, members[place])
        proof = {"index": index, "path": [step.hex() for step in path]}
        assert index == place
        assert climb(member_leaf(*members[place]), proof, size, "proof") == draft.root.hex()
    with pytest.raises(Refused):
        path_in_tree(draft, (uuid.UUID(int=0), b"x" * 32, b"x" * 32))


def test_the_members_are_those_accepted(draft):
    assert draft.client_count == CustodyMember.objects.filter(move__state="accepted").count() == 3
