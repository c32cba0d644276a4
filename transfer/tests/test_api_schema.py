"""The description of the API: it holds every act, says how errors look, and generates without a warning."""

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from jsonschema import ValidationError

from handover.tests.described import check, description, operation

pytestmark = pytest.mark.django_db


def test_the_description_is_valid_and_generates_without_warnings(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(tmp_path / "schema.yml"))


def test_every_operation_answers_errors_with_a_problem_document():
    for path, methods in description()["paths"].items():
        for method in methods:
            answer = operation(method, path.replace("{", "x").replace("}", "x"))["responses"]["default"]
            assert list(answer["content"]) == ["application/problem+json"], path


def test_decisions_are_never_put_or_deleted():
    generator = SchemaGenerator()
    methods = {
        method
        for path, found in generator.get_schema(request=None, public=True)["paths"].items()
        if "/transfers/" in path or "/clients/" in path
        for method in found
    }
    assert methods == {"get", "post"}


def test_uploads_are_multipart():
    path = "/api/v1/transfers/x/extracts/"
    assert list(operation("post", path)["requestBody"]["content"]) == ["multipart/form-data"]


def test_creations_are_described_with_their_key():
    def headers(path):
        return [
            each["name"] for each in operation("post", path).get("parameters", []) if each["in"] == "header"
        ]

    assert headers("/api/v1/transfers/") == ["Idempotency-Key"]
    assert headers("/api/v1/transfers/x/extracts/") == headers("/api/v1/transfers/x/advance/") == []


def test_the_check_finds_an_answer_that_nobody_described(api, transfer, giver_officer):
    answer = api(giver_officer).get(f"transfers/{transfer.pk}/cases/funnel/")
    answer._container = [b'{"states": {}, "clients": "many"}']
    with pytest.raises(ValidationError):
        check("get", f"/api/v1/transfers/{transfer.pk}/cases/funnel/", answer)


def test_the_description_and_its_page_are_for_people_signed_in(client, signed_in, giver_staff):
    for address in ("/api/v1/schema/", "/api/v1/docs/"):
        assert client.get(address)["Location"].startswith("/sign-in/")
    page = signed_in(giver_staff).get("/api/v1/docs/")
    assert page.status_code == 200
    assert "swagger-ui-bundle.js" in page.content.decode()
    assert "<script>" not in page.content.decode()
    script = signed_in(giver_staff).get("/api/v1/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")


def test_the_page_of_the_description_has_the_policy_of_every_page(signed_in, giver_staff):
    browser = signed_in(giver_staff)
    policy = browser.get("/api/v1/docs/")["Content-Security-Policy"]
    assert policy == browser.get("/")["Content-Security-Policy"]
    assert "unsafe" not in policy
