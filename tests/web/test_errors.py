"""When the server itself fails, it still answers in sentences, and says nothing of its inside."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from tests.conftest import Browser, LogIn
from webapp.db.base import db
from webapp.web.access import public


@pytest.fixture
def broken_database(app: Flask, log_in: LogIn) -> Browser:
    """Somebody logged in, whose database has lost a table."""
    anna = log_in("anna")
    assert anna.get("/live/").status_code == 200
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE users RENAME TO lost"))
    return anna


def test_a_database_that_fails_is_told_as_a_page_and_as_json(broken_database: Browser) -> None:
    page, json = broken_database.get("/live/"), broken_database.get_json("/history/")

    assert (page.status_code, json.status_code) == (503, 503)
    assert "The database does not answer" in page.text
    assert "no such table" not in page.text
    assert "Nothing was lost" in json.get_json()["error"]


@pytest.mark.parametrize(
    ("address", "list_address", "name"),
    [
        ("/runs/gone", "/runs/", "Training"),
        ("/runs/compare?run=one", "/runs/", "Training"),
        ("/datasets/gone/", "/datasets/", "Datasets"),
        ("/datasets/gone/runs/", "/datasets/", "Datasets"),
        ("/models/gone/further", "/models/", "Models"),
        ("/actions/gone", "/actions/", "Actions"),
    ],
)
def test_an_error_page_leads_back_to_the_list_that_its_address_belongs_to(
    log_in: LogIn, address: str, list_address: str, name: str
) -> None:
    anna = log_in("anna")

    page = anna.get(address)

    assert page.status_code in {404, 422}
    assert f'<a class="btn btn-primary" href="{list_address}">To {name}</a>' in page.text
    assert anna.get(list_address).status_code == 200


def test_an_error_page_outside_of_any_list_leads_to_the_start_page_alone(log_in: LogIn) -> None:
    page = log_in("anna").get("/nowhere/at/all").text

    assert '<a class="btn btn-primary" href="/">To the start page</a>' in page
    assert "To Training" not in page


def test_health_does_not_depend_on_the_database(broken_database: Browser) -> None:
    assert broken_database.get("/healthz").status_code == 200


def test_an_unexpected_error_is_a_sentence_and_goes_to_the_log(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    @public
    def broken() -> str:
        raise ZeroDivisionError("a secret of the inside")

    app.add_url_rule("/broken", "broken", broken)

    answer = app.test_client().get("/broken")

    assert answer.status_code == 500
    assert "did not expect" in answer.text
    assert "secret of the inside" not in answer.text
    assert "secret of the inside" in caplog.text
