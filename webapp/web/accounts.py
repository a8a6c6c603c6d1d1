"""Signing up, the first administrator, and a person's own account. Log-in and log-out are Flask-Security's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask_login import current_user
from flask_security import login_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired

from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotAllowedError
from webapp.db.accounts import User
from webapp.services import accounts as service
from webapp.services.account_rules import PASSWORD_RULE, USERNAME_RULE
from webapp.web.access import public, signed_in
from webapp.web.errors import sentence_of

blueprint = Blueprint("accounts", __name__)

Page = str | tuple[str, int] | Response


class SignUpForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    username = StringField(
        "User name",
        validators=[InputRequired("Choose a user name.")],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    email = StringField("E-mail (optional)", render_kw={"autocomplete": "email", "type": "email"})
    password = PasswordField(
        "Password", validators=[InputRequired("Choose a password.")], render_kw={"autocomplete": "new-password"}
    )
    password_again = PasswordField(
        "Password, once more",
        validators=[EqualTo("password", "The two passwords differ.")],
        render_kw={"autocomplete": "new-password"},
    )


@blueprint.route("/signup", methods=["GET", "POST"])
@public
def sign_up() -> Page:
    if current_user.is_authenticated:
        return redirect(url_for("live.live"))
    settings: Settings = current_app.config["MOVEPRINT_SETTINGS"]
    if not settings.allow_signup:
        raise NotAllowedError("sign-up is switched off here; ask an administrator for an account")
    form = SignUpForm()
    if form.validate_on_submit() and _came_in(form, service.create_account):
        flash("Welcome! Record your first action.", "success")
        return redirect(url_for("live.record"))
    return _form_page("accounts/sign_up.html", form)


@blueprint.route("/accounts/first-admin/<token>", methods=["GET", "POST"])
@public
def first_admin(token: str) -> Page:
    """The one-time link that the server prints at its first start."""
    service.require_first_admin_token(token)
    form = SignUpForm()
    if form.validate_on_submit() and _came_in(form, partial(service.create_first_admin, token)):
        flash("You are the administrator now. Everybody else can sign up.", "success")
        return redirect(url_for("admin.index"))
    return _form_page("accounts/first_admin.html", form)


@blueprint.get("/accounts/")
@signed_in
def own() -> str:
    return render_template("accounts/own.html")


def _came_in(form: SignUpForm, create: Callable[[str, str, str | None], User]) -> bool:
    """Create the account and log it in; False, with the sentence on the form, when a rule is broken."""
    try:
        account = create(form.username.data, form.password.data, form.email.data)
    except InvalidInputError as error:
        form.form_errors.append(sentence_of(error))
        return False
    login_user(account, authn_via=["password"])
    return True


def _form_page(template: str, form: SignUpForm) -> Page:
    page = render_template(template, form=form, username_rule=USERNAME_RULE, password_rule=PASSWORD_RULE)
    return (page, 422) if form.errors else page
