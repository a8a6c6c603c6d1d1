"""Datasets: the list, making one, what is in one and what to do next, its settings."""

from __future__ import annotations

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webapp.core.errors import InvalidInputError, MoveprintError, NotFoundError, sentence
from webapp.core.skeleton import SKELETONS
from webapp.core.skeleton_json import skeleton_from_json, skeleton_to_json
from webapp.db.datasets import MEMBER_ROLES, PicturedPerson
from webapp.services import dataset_members as members
from webapp.services import datasets as service
from webapp.services import erasing, jobs
from webapp.services import people as people_service
from webapp.services.dataset_access import dataset_for
from webapp.services.datasets import ShownDataset
from webapp.web.access import signed_in, signed_in_user
from webapp.web.answers import wants_json
from webapp.web.bodies import flag_of, json_body, page_of, text_of, value_of
from webapp.web.jobs import TITLES as JOB_TITLES
from webapp.web.jobs import job_url
from webapp.web.samples import thumbnail_url

JOBS_SHOWN = 3
blueprint = Blueprint("datasets", __name__, url_prefix="/datasets")


@blueprint.get("/")
@signed_in
def index() -> str | Response:
    actor = signed_in_user()
    shown = service.list_datasets(actor)
    if wants_json():
        return jsonify(datasets=[_dataset(one) for one in shown])
    mine = [one for one in shown if one.dataset.owner_id == actor.id]
    others = [one for one in shown if one.dataset.owner_id != actor.id]
    return render_template("datasets/index.html", mine=mine, others=others, thumbnail_url=thumbnail_url)


@blueprint.get("/new")
@signed_in
def new() -> str:
    skeletons = {name: skeleton_to_json(skeleton) for name, skeleton in SKELETONS.items()}
    return render_template("datasets/new.html", skeletons=skeletons)


@blueprint.post("/")
@signed_in
def create() -> Response:
    """JSON with a skeleton of any kind, or a form with a ready-made one's name."""
    body = json_body() if request.is_json else request.form
    skeleton = skeleton_from_json(value_of(body, "skeleton"))
    dataset = service.create_dataset(signed_in_user(), text_of(body, "name"), skeleton)
    if wants_json():
        return jsonify(dataset_id=dataset.id, url=url_for("datasets.detail", dataset_id=dataset.id))
    return redirect(url_for("datasets.detail", dataset_id=dataset.id))


@blueprint.post("/skeleton")
@signed_in
def check_skeleton() -> Response:
    """What keeps this from being a skeleton, as a sentence, or null; nothing is stored."""
    try:
        skeleton_from_json(value_of(json_body(), "skeleton"))
    except InvalidInputError as error:
        return jsonify(problem=sentence(str(error)))
    return jsonify(problem=None)


@blueprint.get("/<dataset_id>/")
@signed_in
def detail(dataset_id: str) -> str | Response:
    shown = service.get_dataset(signed_in_user(), dataset_id)
    if wants_json():
        return jsonify(_dataset(shown))
    newest = jobs.jobs_of(signed_in_user(), dataset_id)[:JOBS_SHOWN]
    skeleton = skeleton_to_json(shown.skeleton)
    return render_template(
        "datasets/detail.html", shown=shown, skeleton=skeleton, jobs=newest, job_titles=JOB_TITLES, job_url=job_url
    )


@blueprint.post("/<dataset_id>/rename")
@signed_in
def rename(dataset_id: str) -> Response:
    body = json_body() if request.is_json else request.form
    dataset = service.rename_dataset(signed_in_user(), dataset_id, text_of(body, "name"))
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
    dataset_for(signed_in_user(), dataset_id, "own")
    try:
        name = members.add_member(signed_in_user(), dataset_id, text_of(body, "username"), text_of(body, "role"))
    except (InvalidInputError, NotFoundError) as error:
        return _mistake(error, dataset_id)
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


@blueprint.route("/<dataset_id>/", methods=["DELETE"])
@blueprint.post("/<dataset_id>/delete", endpoint="delete_by_form")
@signed_in
def delete(dataset_id: str) -> Response:
    """Its name goes along, as whoever deletes it typed it."""
    body = json_body() if request.is_json else request.form
    try:
        erasing.delete_dataset(signed_in_user(), dataset_id, text_of(body, "name"))
    except InvalidInputError as error:
        return _mistake(error, dataset_id)
    return _done("The dataset is deleted with all its pictures.", url_for("datasets.index"))


@blueprint.get("/people/")
@signed_in
def people() -> str | Response:
    """Who is in the actor's pictures, or with ?owner= in another's; JSON with ?dataset=ID: who may be named there."""
    actor = signed_in_user()
    if wants_json():
        named = people_service.people_for(actor, request.args.get("dataset", ""))
        return jsonify(people=[_person(person) for person in named])
    text, owner_id = request.args.get("text", ""), request.args.get("owner", type=int)
    found = people_service.list_people(actor, text, page_of(request.args), owner_id)
    return render_template("datasets/people.html", found=found, text=text, owner_id=owner_id)


@blueprint.post("/people/")
@signed_in
def create_person() -> Response:
    """Somebody new in a dataset, or who is known by this name already."""
    body = json_body()
    person, created = people_service.create_person(
        signed_in_user(), text_of(body, "dataset_id"), text_of(body, "name"), agreed=flag_of(body, "agreed")
    )
    return jsonify(**_person(person), created=created)


@blueprint.get("/people/<person_id>")
@signed_in
def person(person_id: str) -> str:
    """One person: what they agreed to, where they are, and what would go with them."""
    actor = signed_in_user()
    shown = people_service.get_person(actor, person_id)
    losses, unfinished = erasing.losses_with(actor, person_id), erasing.unfinished_with(actor, person_id)
    return render_template(
        "datasets/person.html", shown=shown, losses=losses, unfinished=unfinished, consent=people_service.CONSENT
    )


@blueprint.post("/people/<person_id>/rename")
@signed_in
def rename_person(person_id: str) -> Response:
    body = json_body() if request.is_json else request.form
    renamed = people_service.rename_person(signed_in_user(), person_id, text_of(body, "name"))
    return _done(f"They are now called {renamed.name}.", _person_url(person_id))


@blueprint.post("/people/<person_id>/consent")
@signed_in
def record_consent(person_id: str) -> Response:
    agreed = people_service.record_consent(signed_in_user(), person_id)
    return _done(f"It is written down that {agreed.name} has agreed.", _person_url(person_id))


@blueprint.post("/people/<person_id>/merge")
@signed_in
def merge_people(person_id: str) -> Response:
    body = json_body() if request.is_json else request.form
    kept = people_service.merge_people(signed_in_user(), person_id, text_of(body, "into"))
    return _done(f"Both are now {kept.name}.", _person_url(kept.id))


@blueprint.route("/people/<person_id>", methods=["DELETE"])
@blueprint.post("/people/<person_id>/delete", endpoint="delete_person_by_form")
@signed_in
def delete_person(person_id: str) -> Response:
    losses = erasing.delete_person(signed_in_user(), person_id)
    count = sum(loss.pictures for loss in losses)
    return _done(f"The person and {count} pictures are deleted.", url_for("datasets.people"))


def _done(message: str, next_url: str) -> Response:
    if wants_json():
        return jsonify({})
    flash(message, "success")
    return redirect(next_url)


def _mistake(error: MoveprintError, dataset_id: str) -> Response:
    """What was typed into a form of the settings and is not so: told there, above the form."""
    if wants_json():
        raise error
    flash(sentence(str(error)), "danger")
    return redirect(_settings_url(dataset_id))


def _settings_url(dataset_id: str) -> str:
    return url_for("datasets.settings", dataset_id=dataset_id)


def _person_url(person_id: str) -> str:
    return url_for("datasets.person", person_id=person_id)


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
