"""A job that looks at the next thing also says how long its step has gone on."""

from __future__ import annotations

import pytest

from tests.jobs.conftest import Desk
from webapp.config import Settings
from webapp.jobs import claims
from webapp.jobs.running import RunningJob
from webapp.services.jobs import done_of, step_s


def test_a_step_tells_how_long_it_has_gone_on_at_what_it_looked_at_last(desk: Desk, settings: Settings) -> None:
    job_id, now_s = desk.ask(), [100.0]
    with desk.app.app_context():
        held = claims.claim(job_id)
        assert held is not None
        context = RunningJob(settings, held, desk.row(job_id), now_s=lambda: now_s[0])
        context.begin("Training: epoch 1 of 2", 20)
        now_s[0] = 107.5

        context.look(5)

        assert done_of(desk.row(job_id)) == 5
        assert step_s(desk.row(job_id)) == pytest.approx(7.5)
        context.begin("Training: epoch 2 of 2", 20)
        assert step_s(desk.row(job_id)) == 0.0
