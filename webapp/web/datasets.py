"""Datasets: the list, making one, what is in one and what to do next, its settings."""

from __future__ import annotations

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webapp.core.skeleton import SKELETONS, Skeleton
from webapp.core.skeleton_json import skeleton_from_json, skeleton_to_json
from webapp.db.datasets import MEMBER_ROLES, PicturedPerson
from webapp.services import dataset_members as members
from webapp.services import datasets as service
from webapp.services import people as people_service
from webapp.services.datasets import ShownDataset
from webapp.services.sequence_json import parse_json
from webapp.web.access import signed_in, signed_in_user
from webapp.web.answers import wants_json
from webapp.web.bodies import flag_of, json_body, page_of, text_of, value_of

blueprint = Blueprint("datasets", __name__, url_prefix="/datasets")
OWN_SKELETON = "own"
"""What the form says in place of the name of a ready-made skeleton."""


@blueprint.get("/")
@signed_in
def index() -> str | Response:
    actor = signed_in_user()
    shown = service.list_datasets(actor)
    if wants_json():
        return jsonify(datasets=[_dataset(one) for one in shown])
    mine = [one for one in shown if one.dataset.owner_id == actor.id]
    others = [one for one in shown if one.dataset.owner_id != actor.id]
    return render_template("datasets/index.html", mine=mine, others=others)


@blueprint.get("/new")
@signed_in
def new() -> str:
    skeletons = [skeleton_to_json(skeleton) for skeleton in SKELETONS.values()]
    return render_template("datasets/new.html", skeletons=skeletons)


@blueprint.post("/")
@signed_in
def create() -> Response:
    name, skeleton = _new_from_json() if request.is_json else _new_from_form()
    dataset = service.create_dataset(signed_in_user(), name, skeleton)
    if wants_json():
        return jsonify(dataset_id=dataset.id, url=url_for("datasets.detail", dataset_id=dataset.id))
    return redirect(url_for("datasets.detail", dataset_id=dataset.id))


@blueprint.post("/skeleton")
@signed_in
def check_skeleton() -> Response:
    """The skeleton as it would be kept; 422 with the first thing that is wrong. Nothing is stored."""
    return jsonify(skeleton=skeleton_to_json(skeleton_from_json(value_of(json_body(), "skeleton"))))


@blueprint.get("/<dataset_id>/")
@signed_in
def detail(dataset_id: str) -> str | Response:
    shown = service.get_dataset(signed_in_user(), dataset_id)
    if wants_json():
        return jsonify(_dataset(shown))
    return render_template("datasets/detail.html", shown=shown, skeleton=skeleton_to_json(shown.skeleton))


@blueprint.post("/<dataset_id>/rename")
@signed_in
def rename(dataset_id: str) -> Response:
    name = text_of(json_body(), "name") if request.is_json else request.form.get("name", "")
    dataset = service.rename_dataset(signed_in_user(), dataset_id, name)
    return _done(f"The dataset is now called {dataset.name}.", _settings_url(dataset_id))


@blueprint.get("/<dataset_id>/settings")
@signed_in
def settings(dataset_id: str) -> str:
    actor = signed_in_user()
    shown = service.get_dataset(actor, dataset_id)
    return render_template(
        "datasets/settings.html", shown=shown, members=members.members_of(actor, dataset_id), roles=MEMBER_ROLES
    )


@blueprint.post("/<dataset_id>/members")
@signed_in
def add_member(dataset_id: str) -> Response:
    body = json_body() if request.is_json else request.form
    name = members.add_member(signed_in_user(), dataset_id, text_of(body, "username"), text_of(body, "role"))
    return _done(f"{name} sees this dataset from now on.", _settings_url(dataset_id))


@blueprint.post("/<dataset_id>/members/<int(max=2147483647):user_id>/role")
@signed_in
def set_member_role(dataset_id: str, user_id: int) -> Response:
    body = json_body() if request.is_json else request.form
    members.set_member_role(signed_in_user(), dataset_id, user_id, text_of(body, "role"))
    return _done("The role is changed.", _settings_url(dataset_id))


@blueprint.route("/<dataset_id>/members/<int(max=2147483647):user_id>", methods=["DELETE"])
@blueprint.post("/<dataset_id>/members/<int(max=2147483647):user_id>/remove", endpoint="remove_member_by_form")
@signed_in
def remove_member(dataset_id: str, user_id: int) -> Response:
    actor = signed_in_user()
    members.remove_member(actor, dataset_id, user_id)
    # who has left may not look at its settings any more
    next_url = url_for("datasets.index") if user_id == actor.id else _settings_url(dataset_id)
    return _done("It is shared with them no longer.", next_url)


@blueprint.get("/people/")
@signed_in
def people() -> str | Response:
    """Who is in the actor's pictures; JSON with ?dataset=ID: who may be named in that dataset."""
    actor = signed_in_user()
    if wants_json():
        named = people_service.people_for(actor, request.args.get("dataset", ""))
        return jsonify(people=[_person(person) for person in named])
    text = request.args.get("text", "")
    found = people_service.list_people(actor, text, page_of(request.args))
    return render_template("datasets/people.html", found=found, text=text)


@blueprint.post("/people/")
@signed_in
def create_person() -> Response:
    """Somebody new in a dataset, or who is known by this name already."""
    body = json_body()
    person, created = people_service.create_person(
        signed_in_user(), text_of(body, "dataset_id"), text_of(body, "name"), agreed=flag_of(body, "agreed")
    )
    return jsonify(**_person(person), created=created)


def _new_from_json() -> tuple[str, Skeleton]:
    body = json_body()
    return text_of(body, "name"), skeleton_from_json(value_of(body, "skeleton"))


def _new_from_form() -> tuple[str, Skeleton]:
    chosen: object = request.form.get("skeleton", "")
    if chosen == OWN_SKELETON:
        chosen = parse_json(request.form.get("own_skeleton", "").encode())
    return request.form.get("name", ""), skeleton_from_json(chosen)


def _done(message: str, next_url: str) -> Response:
    if wants_json():
        return jsonify({})
    flash(message, "success")
    return redirect(next_url)


def _settings_url(dataset_id: str) -> str:
    return url_for("datasets.settings", dataset_id=dataset_id)


def _dataset(shown: ShownDataset) -> dict[str, object]:
    contents = shown.contents
    return {
        "dataset_id": shown.dataset.id,
        "name": shown.dataset.name,
        "owner": shown.owner,
        "level": shown.level,
        "skeleton": skeleton_to_json(shown.skeleton),
        "change_number": shown.dataset.change_number,
        "by_state": contents.by_state,
        "pictures": contents.pictures,
        "people": contents.people,
        "changed_at": (contents.changed_at or shown.dataset.created_at).isoformat(),
    }


def _person(person: PicturedPerson) -> dict[str, object]:
    return {
        "person_id": person.id,
        "name": person.name,
        "consented_at": person.consented_at and person.consented_at.isoformat(),
    }
