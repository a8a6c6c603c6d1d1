"""Workers and sessions in their wire form: what a worker has loaded, when sessions begin, and what they ask for."""

from __future__ import annotations

from webapp.core.skeleton_json import skeleton_from_json, skeleton_to_json
from webapp.pipeline.messages import (
    Follow,
    LoadedModels,
    ModelChoice,
    ModelsAsked,
    ModelsReady,
    ModelsRefused,
    SessionNote,
    SessionOpened,
    WorkerHello,
)
from webapp.pipeline.wire import Wire
from webapp.pipeline.wire_fields import Fields

_STATES = ("ready", "refused")


def hello_to_wire(hello: WorkerHello) -> Wire:
    return {"worker_id": hello.worker_id, **models_to_wire(hello.models)}


def hello_from_wire(raw: object) -> WorkerHello:
    fields = Fields("hello", raw)
    return WorkerHello(fields.text("worker_id"), _models(fields))


def models_to_wire(models: LoadedModels) -> Wire:
    return {
        "detector": models.detector,
        "pose_model": models.pose_model,
        "runtime": models.runtime,
        "skeleton": skeleton_to_json(models.skeleton),
    }


def choice_to_wire(choice: ModelChoice | None) -> Wire | None:
    return None if choice is None else {"detector": choice.detector, "pose_model": choice.pose_model}


def choice_from_wire(raw: object) -> ModelChoice | None:
    """A choice of models; None for null, what the settings name."""
    if raw is None:
        return None
    fields = Fields("models", raw)
    return ModelChoice(fields.text("detector"), fields.text("pose_model"))


def session_to_wire(session: SessionOpened) -> Wire:
    models = choice_to_wire(session.models)
    return {"session_id": session.session_id, "bank_id": session.bank_id, "models": models}


def session_from_wire(raw: object) -> SessionOpened:
    fields = Fields("session_opened", raw)
    return SessionOpened(fields.text("session_id"), fields.text("bank_id"), choice_from_wire(fields.raw("models")))


def session_id_from_wire(raw: object) -> str:
    return Fields("session", raw).text("session_id")


def models_asked_to_wire(asked: ModelsAsked) -> Wire:
    return {"session_id": asked.session_id, "models": choice_to_wire(asked.models)}


def models_asked_from_wire(raw: object) -> ModelsAsked:
    fields = Fields("session_models", raw)
    return ModelsAsked(fields.text("session_id"), choice_from_wire(fields.raw("models")))


def models_ready_to_wire(ready: ModelsReady) -> Wire:
    asked = choice_to_wire(ready.asked)
    models = models_to_wire(ready.models)
    return {"session_id": ready.session_id, "state": "ready", "asked": asked, **models}


def models_refused_to_wire(refused: ModelsRefused) -> Wire:
    asked = choice_to_wire(refused.asked)
    return {"session_id": refused.session_id, "state": "refused", "asked": asked, "reason": refused.reason}


def models_answer_from_wire(raw: object) -> ModelsReady | ModelsRefused:
    """What a worker answers to the models a session is to have."""
    fields = Fields("session_models", raw)
    session_id, asked = fields.text("session_id"), choice_from_wire(fields.raw("asked"))
    if fields.choice("state", _STATES) == "ready":
        return ModelsReady(session_id, asked, _models(fields))
    return ModelsRefused(session_id, asked, fields.text("reason"))


def note_to_wire(note: SessionNote) -> Wire:
    return {"session_id": note.session_id, "sentence": note.sentence}


def note_from_wire(raw: object) -> SessionNote:
    fields = Fields("session_note", raw)
    return SessionNote(fields.text("session_id"), fields.optional_text("sentence"))


def follow_to_wire(follow: Follow) -> Wire:
    return {"session_id": follow.session_id, "person_id": follow.person_id}


def follow_from_wire(raw: object) -> Follow:
    fields = Fields("follow", raw)
    return Follow(fields.text("session_id"), fields.optional_whole("person_id"))


def _models(fields: Fields) -> LoadedModels:
    return LoadedModels(
        detector=fields.text("detector"),
        pose_model=fields.text("pose_model"),
        runtime=fields.text("runtime"),
        skeleton=skeleton_from_json(fields.raw("skeleton")),
    )
