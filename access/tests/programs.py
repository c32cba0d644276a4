"""What tests of programs share: asking for a token, and a client that sends one."""

import base64

from django.test import Client

from audit.models import Event

TOKEN = "/oauth/token/"


def basic(client_id, secret):
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def ask_token(client, credentials, scope="", **changed):
    """The answer of the token endpoint to the program's id and secret."""
    body = {"grant_type": "client_credentials", **({"scope": scope} if scope else {}), **changed}
    header = basic(credentials.client_id, credentials.secret)
    form = "application/x-www-form-urlencoded"
    return client.post(
        TOKEN,
        "&".join(f"{k}={v}" for k, v in body.items()),
        content_type=form,
        headers={"authorization": header},
    )


def bearing(credentials, scope=""):
    """A client that sends a fresh token of this program with every request."""
    answer = ask_token(Client(), credentials, scope)
    assert answer.status_code == 200, answer.content
    token = answer.json()["access_token"]
    return Client(headers={"authorization": f"Bearer {token}", "accept-language": "en"})


def facts(kind):
    """The facts of the newest event of this kind."""
    return Event.objects.filter(type=kind).order_by("at", "id").last().facts
