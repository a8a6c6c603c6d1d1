"""Access is declared on the route and enforced before it runs; a route that declares none is closed to everybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from flask import Flask, current_app, redirect, request, url_for
from flask_login import current_user
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.wrappers import Response

from webapp.db.accounts import ROLES, User
from webapp.services.permissions import require_role
from webapp.web.answers import wants_json

PUBLIC = "public"
SIGNED_IN = ROLES[0]

View = TypeVar("View", bound=Callable[..., Any])
_ATTRIBUTE = "moveprint_access"


def public(view: View) -> View:
    """Anyone may come, logged in or not."""
    return _declare(view, PUBLIC)


def signed_in(view: View) -> View:
    """Anyone with an account may come; what they see is the service's affair."""
    return _declare(view, SIGNED_IN)


def needs_role(role: str) -> Callable[[View], View]:
    """Accounts of this role or a higher one may come."""
    if role not in ROLES:
        raise ValueError(f"role must be one of {ROLES}, got {role!r}")
    return lambda view: _declare(view, role)


def declared_access(app: Flask, endpoint: str) -> str | None:
    """What the route of this endpoint declares: public, a role, or None."""
    return getattr(app.view_functions[endpoint], _ATTRIBUTE, None)


def declare_extension_routes(app: Flask, access: Mapping[str, str]) -> None:
    """Declare access for the routes that extensions brought."""
    for endpoint, level in access.items():
        view = app.view_functions[endpoint]
        # bound methods take no attributes, so such a view is declared through a plain function
        app.view_functions[endpoint] = _declare(lambda _view=view, **arguments: _view(**arguments), level)


def init_access(app: Flask) -> None:
    """Check every request; to be called before any other extension looks at it."""
    app.before_request(_check)


def signed_in_user() -> User:
    """The account behind this request; only for routes that declare signed_in or a role."""
    return cast(User, current_user)


def _declare(view: View, level: str) -> View:
    setattr(view, _ATTRIBUTE, level)
    return view


def _check() -> Response | None:
    if request.endpoint is None:  # no such route: 404 follows
        return None
    level = declared_access(current_app, request.endpoint)
    if level is None:
        raise Forbidden("This address declares no access and is closed.")
    if level == PUBLIC:
        return None
    if not current_user.is_authenticated:
        if wants_json():
            raise Unauthorized("Log in first.")
        target = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("security.login", next=target))
    require_role(signed_in_user(), level)
    return None
