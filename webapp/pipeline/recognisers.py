"""Who is recognised in one session: a recogniser for each person, or for the one who is followed."""

from __future__ import annotations

from uuid import uuid4

from webapp.core.records import Pose
from webapp.pipeline.messages import ModelChoice, SessionEvent
from webapp.recognition.ports import Recognition
from webapp.recognition.spotter import StreamRecogniser
from webapp.recognition.template_bank import TemplateBank

NO_BANK_YET = "your actions are being loaded"
NOT_FOLLOWED = "not followed"


class SessionRecognisers:
    """What is announced outside of a frame (somebody left, the bank changed) waits for take_events."""

    def __init__(self, session_id: str, bank: TemplateBank | None, found_by: ModelChoice) -> None:
        self._session_id = session_id
        self._bank = bank
        self._found_by = found_by
        self._recognisers: dict[int, StreamRecogniser] = {}
        self._followed: int | None = None
        self._events: list[SessionEvent] = []

    @property
    def bank(self) -> TemplateBank | None:
        return self._bank

    @property
    def found_by(self) -> ModelChoice:
        """What finds the poses."""
        return self._found_by

    @property
    def followed(self) -> int | None:
        """The only one who is recognised; None: everybody is."""
        return self._followed

    def set_bank(self, bank: TemplateBank) -> None:
        """Recognise against these templates from now on."""
        self._forget_but(frozenset())
        self._bank = bank

    def begin_anew(self, found_by: ModelChoice) -> None:
        """The poses to come are other people's, found by these models; nobody is followed."""
        self._forget_but(frozenset())
        self._found_by, self._followed = found_by, None

    def follow(self, person_id: int | None) -> None:
        """Recognise this person alone, or everybody."""
        self._followed = person_id
        if person_id is not None:
            self._forget_but(frozenset({person_id}))

    def forget_lost(self, remembered: frozenset[int]) -> None:
        """The others will not come back; if the followed person is among them, everybody is recognised again."""
        self._forget_but(remembered)
        if self._followed not in remembered:
            self._followed = None

    def recognition_of(
        self, person_id: int, pose: Pose, image_height_px: int, time_s: float, *, ranked: bool = True
    ) -> Recognition:
        """What this person is doing; the events in it wait for take_events too. ranked: as in StreamRecogniser."""
        if self._followed not in {None, person_id}:
            return Recognition(reason=NOT_FOLLOWED)
        if self._bank is None:
            return Recognition(reason=NO_BANK_YET)
        recogniser = self._recognisers.get(person_id)
        if recogniser is None:
            recogniser = self._recognisers[person_id] = StreamRecogniser(self._bank)
        recognition = recogniser.update(pose, image_height_px, time_s, ranked=ranked)
        self._announce(person_id, recognition)
        return recognition

    def take_events(self) -> tuple[SessionEvent, ...]:
        """What has been announced since the last call."""
        events, self._events = tuple(self._events), []
        return events

    def flush(self) -> tuple[SessionEvent, ...]:
        """The session has ended: what waits, and what was only waiting for more evidence."""
        self._forget_but(frozenset())
        return self.take_events()

    def _forget_but(self, kept: frozenset[int]) -> None:
        for person_id in [each for each in self._recognisers if each not in kept]:
            self._announce(person_id, Recognition(events=self._recognisers.pop(person_id).flush()))

    def _announce(self, person_id: int, recognition: Recognition) -> None:
        # a key of its own for each event: a counter would begin again when a restarted worker takes the session over
        self._events += [
            SessionEvent(self._session_id, uuid4().hex, person_id, event, self._found_by)
            for event in recognition.events
        ]
