"""Tests reach real servers as the application role, and committing tests leave nothing behind."""

import psycopg2
import pytest
from django.db import connection


def ask(sql: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_it_runs_as_the_application_role():
    assert ask("SELECT current_user") == "handover_app"
    assert ask("SHOW server_version_num") >= "180000"
    assert ask("SHOW listen_addresses") == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round", [1, 2])
def test_it_gives_a_committing_test_a_database_of_its_own(round, superuser):
    assert ask("SELECT count(*) FROM django_session") == 0
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_session VALUES ('k', 'd', now())")
    with superuser().cursor() as cursor:
        cursor.execute("SELECT current_user, count(*) FROM django_session")
        assert cursor.fetchone() == ("postgres", 1)


@pytest.mark.django_db
def test_it_refuses_the_application_role_to_change_structure():
    with pytest.raises(Exception, match="permission denied"):
        ask("CREATE TABLE mine (a int)")


def test_it_empties_redis(redis_flushed):
    redis_flushed.set("a", "1")
    assert redis_flushed.dbsize() == 1
