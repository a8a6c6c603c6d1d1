"""Everything of the web side that an app needs, wired in the one order that works."""

from __future__ import annotations

from flask import Flask

from webapp.config import Settings
from webapp.services.account_rules import PASSWORD_RULE
from webapp.web import (
    accounts,
    actions,
    admin,
    collecting,
    curation,
    datasets,
    feedback,
    history,
    jobs,
    labelling,
    live,
    model_versions,
    models,
    negatives,
    runs,
    samples,
    versions,
)
from webapp.web.access import init_access
from webapp.web.bodies import init_bodies
from webapp.web.errors import init_errors
from webapp.web.headers import init_headers
from webapp.web.security import init_limits, init_security

NOUNS = (live, actions, negatives, history, feedback, models, model_versions)
DATASET_NOUNS = (datasets, samples, versions, labelling, curation, collecting, jobs, runs)
BLUEPRINTS = tuple(noun.blueprint for noun in (*NOUNS, *DATASET_NOUNS, accounts, admin))


def init_web(app: Flask, settings: Settings) -> None:
    """Size and access are checked before CSRF, so that someone logged out is told to log in."""
    init_bodies(app)
    init_access(app)
    init_security(app, settings)
    init_errors(app)
    init_headers(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    init_limits(app)
    app.context_processor(lambda: {"allow_signup": settings.allow_signup, "password_rule": PASSWORD_RULE})
