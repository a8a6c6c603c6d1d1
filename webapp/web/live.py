"""The pages in front of the camera; what happens on them comes over the socket."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webapp.services.actions import list_actions
from webapp.web.access import public, signed_in, signed_in_user

SAMPLE_CLIP = "samples/demo.mp4"

blueprint = Blueprint("live", __name__)


@blueprint.get("/")
@public
def start() -> Response:
    return redirect(url_for("live.live"))


@blueprint.get("/live/")
@signed_in
def live() -> str:
    names = _action_names()
    return render_template("live/live.html", sample_url=_sample_url(), action_names=names, action_count=len(names))


@blueprint.get("/record/")
@signed_in
def record() -> str:
    """The recording page; ?action=NAME fills in the name."""
    name = request.args.get("action", "")
    return render_template(
        "record/record.html", sample_url=_sample_url(), action_names=_action_names(), action_name=name
    )


@blueprint.get("/healthz")
@public
def health() -> dict[str, str]:
    """The process answers; says nothing of the database or the workers."""
    return {"status": "ok"}


def _action_names() -> list[str]:
    return [action.name for action in list_actions(signed_in_user())]


def _sample_url() -> str | None:
    """Address of the sample clip where the set-up fetched it."""
    if not Path(str(current_app.static_folder), SAMPLE_CLIP).is_file():
        return None
    return url_for("static", filename=SAMPLE_CLIP)
