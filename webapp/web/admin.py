"""Accounts and an overview, for administrators."""

from __future__ import annotations

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webapp.db.accounts import ROLES
from webapp.services import accounts
from webapp.services.overview import overview
from webapp.web.access import needs_role, signed_in_user
from webapp.web.answers import wants_json
from webapp.web.bodies import flag_of, json_body, text_of

blueprint = Blueprint("admin", __name__, url_prefix="/admin")


@blueprint.get("/")
@needs_role("admin")
def index() -> str:
    actor = signed_in_user()
    return render_template(
        "admin/index.html", accounts=accounts.list_accounts(actor), overview=overview(actor), roles=ROLES
    )


@blueprint.post("/users/<int(max=2147483647):user_id>/role")
@needs_role("admin")
def set_role(user_id: int) -> Response:
    role = text_of(json_body(), "role") if request.is_json else request.form.get("role", "")
    account = accounts.set_role(signed_in_user(), user_id, role)
    return _done(f"{account.username} now has the role {account.role}.")


@blueprint.post("/users/<int(max=2147483647):user_id>/active")
@needs_role("admin")
def set_active(user_id: int) -> Response:
    active = flag_of(json_body(), "active") if request.is_json else request.form.get("active") == "1"
    account = accounts.set_active(signed_in_user(), user_id, active)
    return _done(f"{account.username} is switched {'on' if active else 'off'}.")


def _done(message: str) -> Response:
    if wants_json():
        return jsonify({})
    flash(message, "success")
    return redirect(url_for("admin.index"))
