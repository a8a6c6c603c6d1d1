"""The effect of feedback in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from webapp.recognition.feedback import Change, Effect

SUGGESTIONS = {
    "take": "Add the poses as a take of the action instead.",
    "negative": "Add the poses as a movement that is none of your actions instead.",
}


def sentences_of(effect: Effect) -> Sequence[str]:
    """What a person is told before it is applied, the most important first."""
    said = [_change(change) for change in effect.changes]
    if not effect.solved:
        said.append("A movement like this would still be judged as it was.")
    elif not said:
        said.append("No threshold changes.")
    if effect.suggestion is not None:
        said.append(SUGGESTIONS[effect.suggestion])
    return [*said, *_past(effect)]


def _change(change: Change) -> str:
    if change.obstacle is not None:
        return f"The threshold of {change.action} stays: {change.obstacle}."
    how = "falls" if change.factor_after < change.factor_before else "rises"
    return f"The threshold of {change.action} {how} from {change.threshold_before:.2f} to {change.threshold_after:.2f}."


def _past(effect: Effect) -> list[str]:
    lost = sum(event.after_id is None for event in effect.events)
    gained = sum(event.before_id is None for event in effect.events)
    other = len(effect.events) - lost - gained
    among = f"Of the newest {effect.checked_events} events,"
    said = [
        f"{among} {count} would {what}."
        for count, what in (
            (lost, "no longer be recognised"),
            (gained, "be recognised besides"),
            (other, "be another action"),
        )
        if count
    ]
    if effect.checked_events and not said:
        said.append(f"{among} none would be judged otherwise.")
    if effect.lost_takes:
        said.append(
            f"{len(effect.lost_takes)} of your takes would no longer be recognised by the others of its action."
        )
    return said
