"""Errors become answers here and nowhere else: a status and a sentence, as a page or as {error}."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from flask import Flask, current_app, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DatabaseError, OperationalError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, TooManyRequests
from werkzeug.wrappers import Response

from webapp.core.errors import InvalidInputError, MoveprintError, NotAllowedError, NotFoundError, sentence
from webapp.db.base import db
from webapp.db.schema import DatabaseUnavailableError
from webapp.services.analysis import WorkerUnavailableError
from webapp.web.answers import wants_json
from webapp.web.bodies import BodyError

logger = logging.getLogger(__name__)

TITLES = {
    400: "This request cannot be read",
    401: "Log in first",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    413: "Too large",
    422: "Please check what you entered",
    429: "Too many tries",
    500: "Something went wrong",
    503: "Not available at the moment",
}

SECTIONS: Mapping[str, str] = {
    "actions": "Actions",
    "datasets": "Datasets",
    "history": "History",
    "models": "Models",
    "runs": "Training",
}
"""Parts of the site with a list of their own, by how their addresses begin: what an error page leads back to."""

# the nearest class counts, so BodyError is 400 although it is an InvalidInputError
STATUSES: dict[type[MoveprintError], int] = {
    BodyError: 400,
    InvalidInputError: 422,
    NotFoundError: 404,
    NotAllowedError: 403,
    DatabaseUnavailableError: 503,
    WorkerUnavailableError: 503,
}

SENTENCES = {
    404: "There is nothing at this address. It may have been deleted, or the link is incomplete.",
    405: "This address does not answer this kind of request.",
}


def init_errors(app: Flask) -> None:
    app.register_error_handler(MoveprintError, _product_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(DatabaseError, _database_error)
    app.register_error_handler(Exception, _unexpected_error)


def status_of(error: MoveprintError) -> int:
    """The HTTP status of a product error; 500 for one that no border should have let through."""
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def sentence_of(error: MoveprintError) -> str:
    """The error's text as a sentence of its own."""
    return sentence(str(error))


def _product_error(error: MoveprintError) -> Response:
    return answer(status_of(error), sentence_of(error))


def _http_error(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    response = answer(error.code, _sentence(error))
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def _csrf_error(_error: CSRFError) -> Response:
    return answer(400, "This page is out of date or was sent from elsewhere. Load it again and repeat what you did.")


def _database_error(error: DatabaseError) -> Response:
    db.session.rollback()
    if type(error) not in {DatabaseError, OperationalError}:  # a broken rule of the tables is a fault of ours
        return _unexpected_error(error)
    logger.error("database error: %s", error.orig)
    return answer(503, "The database does not answer at the moment. Nothing was lost; try again in a few seconds.")


def _unexpected_error(error: Exception) -> Response:
    logger.exception("unexpected error at %s %s", request.method, request.path, exc_info=error)
    return answer(500, "The server met an error that it did not expect and has written it to its log. Try again.")


def answer(status: int, text: str) -> Response:
    """The sentence as {error} or as a page, by what the request wants."""
    if wants_json():
        return make_response(jsonify(error=text), status)
    title = TITLES.get(status, "Not possible")
    shown = {"title": title, "sentence": text, "status": status, "section": _section(request.path)}
    if status >= 500:
        # who is logged in stands in the database, which may be what failed: so without Flask's context, which asks it
        return make_response(current_app.jinja_env.get_template("errors/error.html").render(shown), status)
    return make_response(render_template("errors/error.html", **shown), status)


def _section(path: str) -> tuple[str, str] | None:
    """Address and name of the list that the address belongs to; None for the list itself and where there is none."""
    name = path.split("/")[1] if path.count("/") > 1 else ""
    address = f"/{name}/"
    return (address, SECTIONS[name]) if name in SECTIONS and path != address else None


def _sentence(error: HTTPException) -> str:
    if isinstance(error, RequestEntityTooLarge):
        limit = request.max_content_length or 0
        return f"What was sent is larger than the {limit // 1024} KiB that are taken here."
    if isinstance(error, TooManyRequests):
        return "Too many tries in a short time. Wait a minute, then try again."
    return SENTENCES.get(error.code or 500, error.description or "The request could not be answered.")
