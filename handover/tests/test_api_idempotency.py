"""A creation repeated with its key happens once; another body, another person and a refusal are told apart."""

import datetime
import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from handover.api.idempotency import _take
from handover.models import KeptAnswer
from transfer.models import GateException, Transfer

pytestmark = pytest.mark.django_db
TRANSFERS = "/api/v1/transfers/"


def post(browser, body, key, path=TRANSFERS):
    return browser.post(path, body, content_type="application/json", headers={"idempotency-key": key})


def kinds(audited):
    return [kind for kind, _ in audited()]


def test_the_same_creation_happens_once_and_is_answered_anew(signed_in, giver_officer, audited):
    browser = signed_in(giver_officer)
    first = post(browser, {"basis": "merger"}, "k-1")
    Transfer.objects.update(planned_cutover=timezone.now())
    second = post(browser, {"basis": "merger"}, "k-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert second.json()["planned_cutover"] is not None
    assert (first.headers.get("Idempotent-Replayed"), second["Idempotent-Replayed"]) == (None, "true")
    assert Transfer.objects.count() == 1
    assert kinds(audited) == ["transfer.drafted"]


def test_what_is_kept_is_status_id_and_a_keyed_digest(signed_in, giver_officer):
    import hashlib

    answer = post(signed_in(giver_officer), {"basis": "merger"}, "k-1")
    kept = KeptAnswer.objects.get()
    assert (kept.user, kept.status, str(kept.row)) == (giver_officer, 201, answer.json()["id"])
    assert bytes(kept.digest) != hashlib.sha256(b'{"basis": "merger"}').digest()
    assert len(kept.digest) == 32


def test_without_a_key_every_creation_is_its_own(signed_in, giver_officer):
    browser = signed_in(giver_officer)
    for _ in range(2):
        assert browser.post(TRANSFERS, {}, content_type="application/json").status_code == 201
    assert Transfer.objects.count() == 2
    assert not KeptAnswer.objects.exists()


def test_the_same_key_with_another_body_or_address_is_refused(signed_in, giver_officer, audited):
    browser = signed_in(giver_officer)
    made = post(browser, {"basis": "merger"}, "k-1").json()["id"]
    other = post(browser, {"basis": "asset_sale"}, "k-1")
    assert (other.status_code, other["Content-Type"]) == (422, "application/problem+json")
    assert other.json()["type"] == "urn:handover:problem:idempotency.other_request"
    elsewhere = post(browser, {"basis": "merger"}, "k-1", f"{TRANSFERS}{made}/exceptions/")
    assert elsewhere.status_code == 422
    assert Transfer.objects.count() == 1
    assert kinds(audited) == ["transfer.drafted"]


def test_a_key_is_its_persons_own(signed_in, giver_officer, giver_officer2):
    for person in (giver_officer, giver_officer2):
        assert post(signed_in(person), {}, "k-1").status_code == 201
    assert Transfer.objects.count() == 2


def test_a_refused_creation_keeps_no_key(signed_in, transfer, giver_officer, audited):
    path = f"{TRANSFERS}{transfer.pk}/exceptions/"
    browser = signed_in(giver_officer)
    refused = post(browser, {"gate": 8, "reason": "x"}, "k-1", path)
    assert refused.json()["code"] == "gate.no_exception_possible"
    assert post(browser, {"gate": 99}, "k-1", path).status_code == 400
    assert post(browser, {"gate": 7, "reason": "x"}, "k-1", path).status_code == 201
    assert GateException.objects.count() == 1
    assert kinds(audited) == ["handover.act_refused", "transfer.exception_asked"]


def test_a_failed_creation_leaves_neither_row_nor_key(signed_in, giver_officer, monkeypatch):
    def fail(**_):
        Transfer.objects.count()
        raise RuntimeError("the machine stopped")

    browser = signed_in(giver_officer)
    monkeypatch.setattr(KeptAnswer.objects, "create", fail)
    with pytest.raises(RuntimeError):
        post(browser, {}, "k-1")
    assert not Transfer.objects.exists()
    monkeypatch.undo()
    assert post(browser, {}, "k-1").status_code == 201


def test_a_repetition_needs_the_right_to_read(signed_in, giver_officer):
    browser = signed_in(giver_officer)
    post(browser, {}, "k-1")
    giver_officer.assignments.all().delete()
    assert post(browser, {}, "k-1").status_code == 404


@pytest.mark.parametrize("key", ["", "two words", "x" * 65, "钥匙"])
def test_a_key_of_the_wrong_form_is_refused(signed_in, giver_officer, key):
    answer = post(signed_in(giver_officer), {}, key)
    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency.key_wrong"
    assert not Transfer.objects.exists()


def test_a_stranger_with_a_key_is_let_in_nowhere(client):
    assert post(client, {}, "k-1").status_code == 403
    assert not KeptAnswer.objects.exists()


def test_a_key_is_kept_for_a_day(signed_in, giver_officer):
    browser = signed_in(giver_officer)
    post(browser, {}, "k-1")
    KeptAnswer.objects.update(at=timezone.now() - datetime.timedelta(hours=23))
    assert post(browser, {}, "k-1")["Idempotent-Replayed"] == "true"
    KeptAnswer.objects.update(at=timezone.now() - datetime.timedelta(hours=25))
    assert post(browser, {}, "k-1").status_code == 201
    assert Transfer.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_while_it_is_under_way_the_same_key_is_refused(signed_in, giver_officer):
    taken, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            assert _take(giver_officer, "k-1")
            taken.set()
            done.wait(20)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(20)
    answer = post(signed_in(giver_officer), {}, "k-1")
    done.set()
    holder.join()
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency.in_flight")
    assert not Transfer.objects.exists()
    assert post(signed_in(giver_officer), {}, "k-1").status_code == 201
