"""Logins: Flask-Security with our accounts and rules, CSRF for every change, limits on guessing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, after_this_request, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import user_logged_out
from flask_security import LoginForm, PasswordUtil, Security, SQLAlchemyUserDatastore, password_changed
from flask_wtf import CSRFProtect
from werkzeug.wrappers import Response
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired

from webapp.config import Settings, kept_secret
from webapp.core.errors import InvalidInputError
from webapp.db.accounts import Role, User
from webapp.db.base import db
from webapp.services.account_rules import check_password
from webapp.services.accounts import find_by_identity, logins_ended
from webapp.web.access import PUBLIC, SIGNED_IN, declare_extension_routes
from webapp.web.errors import sentence_of

ARGON2_COST = {"argon2__memory_cost": 19 * 1024, "argon2__time_cost": 2, "argon2__parallelism": 1}
"""OWASP's smallest recommended cost. Hashing holds up every live frame of this process for as long as it takes."""
WRONG_LOGIN = "The user name or the password is wrong."
LOGIN_LIMIT = "10 per minute; 60 per hour"
"""Failed logins from one address."""
SIGN_UP_LIMIT = "10 per minute; 60 per hour"
"""Sign-ups from one address, tries included."""
TAKE_LIMIT = "60 per minute"
"""Takes checked, and takes stored: reading a long one holds up the live frames of this process for a moment."""

ANALYSIS_LIMIT = "60 per minute"
"""Each of what a worker works out: it works on one at a time."""
ANALYSES = (
    "actions.health",
    "history.comparison",
    "history.repetitions",
    "feedback.preview",
    "feedback.apply",
    "models.speed",
)


class AccountLoginForm(LoginForm):  # type: ignore[misc]  # Flask-Security ships no types
    """One field for user name or e-mail, and one sentence for whatever is wrong: it tells nobody which names exist."""

    email = None
    identity = StringField(
        "User name or e-mail",
        validators=[InputRequired("Type your user name or e-mail address.")],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "autofocus": True, "spellcheck": "false"},
    )

    remember = BooleanField("Stay logged in on this device")

    def validate(self, **kwargs: Any) -> bool:
        self.ifield = self.identity
        self.user = find_by_identity(self.identity.data or "")
        if super().validate(**kwargs):
            return True
        if self.identity.data and self.password.data and not self.csrf_failed and not self.user_authenticated:
            self.identity.errors, self.password.errors = [], []
            self.form_errors = [WRONG_LOGIN]
        return False

    @property
    def csrf_failed(self) -> bool:
        return "csrf_token" in self and bool(self.csrf_token.errors)


class RuledPasswords(PasswordUtil):  # type: ignore[misc]  # Flask-Security ships no types
    """Flask-Security asks here whether a changed password will do."""

    def validate(self, password: str, is_register: bool, **kwargs: Any) -> tuple[list[str] | None, str]:  # noqa: ARG002  # its signature
        normalised = self.normalize(password)
        try:
            check_password(normalised, kwargs["user"].username if "user" in kwargs else kwargs.get("username", ""))
        except InvalidInputError as error:
            return [sentence_of(error)], normalised
        return None, normalised


def init_security(app: Flask, settings: Settings) -> None:
    """Log-in, log-out and change of password; then CSRF and the limits for these addresses."""
    app.config.update(
        SECRET_KEY=settings.secret_key or kept_secret(settings.instance_dir, "secret_key"),
        SESSION_COOKIE_NAME="moveprint_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.session_cookie_secure,
        REMEMBER_COOKIE_NAME="moveprint_remember",
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=settings.session_cookie_secure,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a page left open over lunch still works
        SECURITY_PASSWORD_HASH="argon2",
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS=ARGON2_COST,
        # argon2 salts by itself; without the second hash an account moves between machines with the database alone
        SECURITY_PASSWORD_SINGLE_HASH=True,
        SECURITY_CHANGEABLE=True,
        SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
        SECURITY_CHANGE_URL="/accounts/password",
        SECURITY_POST_CHANGE_VIEW="/accounts/",
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/login",
        SECURITY_LOGIN_USER_TEMPLATE="accounts/login.html",
        SECURITY_CHANGE_PASSWORD_TEMPLATE="accounts/change_password.html",
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_USER_IDENTITY_ATTRIBUTES=[{"email": {"mapper": lambda _identity: None}}],
    )
    CSRFProtect(app)
    datastore = SQLAlchemyUserDatastore(db, User, Role)
    security = Security(app, datastore, login_form=AccountLoginForm, password_util_cls=RuledPasswords)
    # Flask-Principal would look the account up for every static file; access.py asks when a route needs to know
    security.principal.identity_loaders.clear()
    for signal in (password_changed, user_logged_out):
        signal.connect(_tell_logins_ended, sender=app)
    declare_extension_routes(
        app,
        {
            "static": PUBLIC,
            "security.static": PUBLIC,
            "security.login": PUBLIC,
            "security.logout": PUBLIC,
            "security.verify": SIGNED_IN,
            "security.change_password": SIGNED_IN,
        },
    )


def _tell_logins_ended(_app: Flask, user: User) -> None:
    """Flask-Security's page changed a password, or someone logged out."""

    def tell(response: Response) -> Response:
        logins_ended.send(None, user_id=user_id)
        return response

    user_id = user.id
    after_this_request(tell)  # Flask-Security commits after the request, too, and has asked for it before


def init_limits(app: Flask) -> None:
    """Limits per address, in the memory of this process. To be called when every route is there."""
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://")
    views = app.view_functions
    for endpoint in ("security.login", "security.change_password"):
        views[endpoint] = _refusing_with_422(views[endpoint])
    views["security.login"] = limiter.limit(LOGIN_LIMIT, methods=["POST"], deduct_when=_failed)(views["security.login"])
    for endpoint in ("accounts.sign_up", "accounts.first_admin"):
        views[endpoint] = limiter.limit(SIGN_UP_LIMIT, methods=["POST"])(views[endpoint])
    for endpoint in ("actions.check", "actions.add_take", "negatives.add"):
        views[endpoint] = limiter.limit(TAKE_LIMIT, methods=["POST"])(views[endpoint])
    for endpoint in ANALYSES:
        views[endpoint] = limiter.limit(ANALYSIS_LIMIT)(views[endpoint])


def _refusing_with_422(view: Callable[..., Any]) -> Callable[..., Any]:
    """Flask-Security shows a form with its errors as if all were well."""

    @wraps(view)
    def answer(**arguments: Any) -> Any:
        page = view(**arguments)
        return (page, 422) if request.method == "POST" and isinstance(page, str) else page

    return answer


def _failed(response: Response) -> bool:
    return response.status_code not in {302, 303}
