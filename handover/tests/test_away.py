"""A database that is away and a disk that is full are answered as such, on pages and in the API."""

import errno

import pytest
from django.db import InterfaceError, OperationalError


class Full(OperationalError):
    """As the database raises it."""

    pgcode = "53100"


def raising(error):
    def fail(*_args, **_more):
        raise error

    return fail


@pytest.fixture
def answered(client, giver_manager):
    client.force_login(giver_manager)
    client.raise_request_exception = False
    return client


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OperationalError("terminating connection"), 503, "service.away"),
        (InterfaceError("connection already closed"), 503, "service.away"),
        (Full("could not extend file"), 507, "storage.full"),
        (OSError(errno.ENOSPC, "No space left on device"), 507, "storage.full"),
    ],
)
def test_the_api_says_what_is_away_and_when_to_come_back(answered, monkeypatch, error, status, code):
    monkeypatch.setattr("transfer.api.transfers.TransferViewSet.get_queryset", raising(error))
    answer = answered.get("/api/v1/transfers/")
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert (answer.json()["code"], answer["Retry-After"]) == (code, "5")
    assert str(error) not in answer.content.decode()


@pytest.mark.django_db
def test_a_page_says_it_too(client, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("access.views.signing.SignInForm", raising(OperationalError("gone")))
    answer = client.get("/sign-in/")
    assert answer.status_code == 503
    assert "Not at work for a moment" in answer.content.decode()


@pytest.mark.django_db
def test_what_hides_behind_another_error_is_found(answered, monkeypatch):
    def fail(*_args, **_more):
        try:
            raise OperationalError("gone")
        except OperationalError as error:
            raise RuntimeError("while it was told") from error

    monkeypatch.setattr("transfer.api.transfers.TransferViewSet.get_queryset", fail)
    assert answered.get("/api/v1/transfers/").status_code == 503


@pytest.mark.django_db
def test_a_defect_stays_a_500(answered, monkeypatch):
    monkeypatch.setattr("transfer.api.transfers.TransferViewSet.get_queryset", raising(ValueError("ours")))
    assert answered.get("/api/v1/transfers/").status_code == 500
