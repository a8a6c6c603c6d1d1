"""On SQLite, Redis and PostgreSQL alike: a job is rung for in its lane, taken once, and lost with nobody's death."""

from __future__ import annotations

import json
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from huey import Huey

from tests.jobs.conftest import Desk, MakeConsumer, numbers
from tests.jobs.queue_stores import STORES, Store, postgresql_store, redis_store, sqlite_store
from tests.postgres import PostgresServer, a_server
from tests.redis import PASSWORD
from webapp.bench.instance import children_of
from webapp.config import ROOT, Settings
from webapp.core.errors import InvalidInputError
from webapp.jobs import stores
from webapp.jobs.queue import HueyQueue, open_queue, queue_fault, ring
from webapp.services.jobs import JOBS_LANE, TRAINING_LANE

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

SERVER = "tests.jobs.server_process"


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[PostgresServer]:
    with a_server() as server:
        yield server


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    match request.param:
        case "sqlite":
            running = sqlite_store(tmp_path / "instance" / stores.FILE)
        case "redis":
            running = redis_store()
        case _:
            running = postgresql_store(request.getfixturevalue("postgres_server"))
    with running as store:
        yield store


@pytest.fixture
def settings(settings: Settings, store: Store) -> Settings:
    return replace(settings, queue_url=store.url)


def opened(settings: Settings, lane: str = JOBS_LANE) -> Huey:
    queue = open_queue(settings, lane, print)
    stores.make_ready(queue)
    return queue


def taken(queue: Huey) -> list[str]:
    """The ids of all jobs that were rung for, taken out."""
    found = []
    while queue.pending_count():
        if (task := queue.dequeue()) is not None:
            found.append(task.args[0])
    return found


def worker_of(desk: Desk, job_id: str, done: int = 1) -> int:
    """The number of the process that has done so much of the job."""
    job = desk.wait(job_id, lambda job: job.state == "running" and job.done >= done, "work")
    assert job.pid is not None
    return job.pid


def test_each_lane_hears_of_its_own_jobs_alone(settings: Settings) -> None:
    bell = HueyQueue(settings)

    bell.enqueue("an import", "import")
    bell.enqueue("a run", "train")

    assert taken(opened(settings, TRAINING_LANE)) == ["a run"]
    assert taken(opened(settings, JOBS_LANE)) == ["an import"]


def test_a_job_rung_for_is_taken_once_however_many_take(settings: Settings) -> None:
    ringing, names = opened(settings), numbers(30)
    for name in names:
        ring(ringing, name)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(taken, [opened(settings) for _ in range(4)]))

    assert sorted(name for answer in answers for name in answer) == sorted(names)


def test_any_number_may_open_a_new_store_at_once(settings: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        queues = list(pool.map(lambda _: opened(settings), range(4)))

    assert [queue.pending_count() for queue in queues] == [0] * 4


def test_messages_are_json_and_what_is_not_is_never_run(settings: Settings, tmp_path: Path) -> None:
    class Planted:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "ran"),)

    HueyQueue(settings).enqueue("a", "export")
    queue = opened(settings)

    (message,) = queue.storage.enqueued_items()
    assert ["a"] in json.loads(bytes(message))
    queue.flush()
    queue.storage.enqueue(pickle.dumps(Planted()))
    with pytest.raises(UnicodeDecodeError):
        queue.dequeue()
    assert not (tmp_path / "ran").exists()


def test_a_store_that_is_gone_is_only_logged_and_said_without_its_password(
    settings: Settings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    opened(settings)
    store.go()

    HueyQueue(settings).enqueue("a", "import")
    fault = queue_fault(settings)

    assert "its queue does not answer" in caplog.text
    assert stores.place_of(settings) in fault
    assert PASSWORD not in caplog.text + fault
    store.come_back()
    assert queue_fault(settings) == ""


def test_a_job_begins_by_the_bell_alone_in_either_lane(desk: Desk, consumer: MakeConsumer) -> None:
    consumer(sweep_every_s=600.0)  # it looks at the rows when it starts, and then no more
    desk.wait_for_end(desk.ask(total=1))

    job_ids = [desk.ask(total=1), desk.ask(kind="train", total=1)]

    assert [desk.wait_for_end(job_id).state for job_id in job_ids] == ["succeeded"] * 2


def test_neither_lane_holds_the_other_up(desk: Desk, consumer: MakeConsumer) -> None:
    run, long_export = desk.ask(kind="train", total=5000, pause_s=0.1), desk.ask(kind="export", total=5000, pause_s=0.1)
    consumer(workers=(2, 2))
    worker_of(desk, run)
    worker_of(desk, long_export)

    other_job, other_run = desk.ask(total=1), desk.ask(kind="train", total=1)

    assert [desk.wait_for_end(job_id).state for job_id in (other_job, other_run)] == ["succeeded"] * 2
    assert {desk.row(run).state, desk.row(long_export).state} == {"running"}


def test_runs_are_left_to_a_machine_that_has_workers_for_them(desk: Desk, consumer: MakeConsumer) -> None:
    run = desk.ask(kind="train", total=2)
    consumer(workers=(1, 0))
    desk.wait_for_end(desk.ask(total=1))
    assert desk.row(run).state == "queued"

    consumer(workers=(0, 1))

    job = desk.wait_for_end(run)
    assert (job.state, job.attempts) == ("succeeded", 1)


def test_two_consumers_do_each_job_once(desk: Desk, consumer: MakeConsumer) -> None:
    job_ids = [desk.ask(kind=kind, total=4, pause_s=0.02) for kind in ("import", "train") for _ in range(4)]

    consumer()
    consumer()

    ended = [desk.wait_for_end(job_id) for job_id in job_ids]
    assert [(job.state, job.attempts) for job in ended] == [("succeeded", 1)] * 8
    assert [desk.found(job_id) for job_id in job_ids] == [numbers(4)] * 8


def test_a_store_that_goes_and_comes_back_in_the_middle_loses_nothing(
    desk: Desk, consumer: MakeConsumer, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begun = desk.ask(kind="train", total=20, pause_s=0.1)
    waiting = desk.ask(kind="train", total=2)
    process = consumer(workers=(1, 1))
    worker_of(desk, begun)

    store.go()
    with caplog.at_level(logging.WARNING):
        meanwhile = desk.ask(total=2)
    assert (desk.wait_for_end(begun).state, desk.row(meanwhile).state) == ("succeeded", "queued")
    store.come_back()

    ended = [desk.wait_for_end(job_id) for job_id in (begun, waiting, meanwhile)]
    assert [(job.state, job.attempts) for job in ended] == [("succeeded", 1)] * 3
    assert process.poll() is None
    log = (tmp_path / "consumer.log").read_text()
    assert "Traceback" not in log
    assert PASSWORD not in log + caplog.text


def test_a_killed_child_is_begun_again_where_it_stopped(desk: Desk, consumer: MakeConsumer) -> None:
    run = desk.ask(kind="train", total=20, pause_s=0.1)
    consumer()

    os.kill(worker_of(desk, run, done=3), signal.SIGKILL)

    job = desk.wait_for_end(run)
    assert (job.state, job.attempts, desk.found(run)) == ("succeeded", 2, numbers(20))


def test_a_killed_consumer_leaves_nothing_running_that_the_next_one_does_not_go_on_with(
    desk: Desk, consumer: MakeConsumer
) -> None:
    run, waiting = desk.ask(kind="train", total=20, pause_s=0.1), desk.ask(kind="train", total=2)
    first = consumer()
    pid = worker_of(desk, run, done=3)

    first.kill()
    first.wait()
    consumer()

    job = desk.wait_for_end(run)
    assert (job.state, job.attempts, desk.found(run)) == ("succeeded", 2, numbers(20))
    assert desk.wait_for_end(waiting).state == "succeeded"
    assert not Path(f"/proc/{pid}").exists()


def test_a_killed_server_takes_consumer_and_child_along_and_the_next_one_goes_on(
    desk: Desk, consumer: MakeConsumer
) -> None:
    run = desk.ask(kind="train", total=20, pause_s=0.1)
    server = consumer(starter=SERVER)
    pid = worker_of(desk, run, done=3)
    (consumer_process,) = children_of(server.pid)
    assert pid in [child.pid for child in children_of(consumer_process.pid)]

    server.kill()
    server.wait()
    consumer(starter=SERVER)

    job = desk.wait_for_end(run)
    assert (job.state, job.attempts, desk.found(run)) == ("succeeded", 2, numbers(20))
    assert not Path(f"/proc/{pid}").exists()


class TestAddresses:
    """What needs no store to be there."""

    @pytest.fixture
    def store(self) -> Store:
        return Store("", lambda: None, lambda: None)

    @pytest.mark.parametrize(
        "url",
        [
            "mysql://anna:sesame@host/0",
            "postgresql+psycopg2://anna:sesame@host/queue",
            "anna:sesame@host",
            "redis://anna:p@sesame@host/0",
            "redis://anna:sesame@host:sesame/0",
            "redis://host/0?sesame=1",
            "postgresql://anna:p/sesame@host/queue",
            "postgresql://anna:p@ss:sesame@host/queue",
            "postgresql://anna@host/queue?sesame=1",
        ],
    )
    def test_an_address_that_is_none_is_refused_before_anything_starts(self, settings: Settings, url: str) -> None:
        with pytest.raises(InvalidInputError, match="setting queue_url") as refused:
            HueyQueue(replace(settings, queue_url=url))

        assert "sesame" not in str(refused.value)

    def test_a_place_is_shown_without_names_and_passwords(self, settings: Settings) -> None:
        url = "postgresql://anna:sesame@host:5433/queue?password=sesame"

        assert stores.place_of(replace(settings, queue_url=url)) == "postgresql://host:5433/queue"

    @pytest.mark.parametrize("scheme", ["redis", "postgresql"])
    def test_the_web_process_goes_on_while_a_store_does_not_answer(self, settings: Settings, scheme: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections and says nothing
            url = f"{scheme}://anna:sesame@127.0.0.1:{silent.getsockname()[1]}/0"
            environment = {**os.environ, "MOVEPRINT_INSTANCE_DIR": str(settings.instance_dir)}
            rung = subprocess.run(
                [sys.executable, "-m", "tests.jobs.ringing_process", url],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=True,
            )

        assert int(rung.stdout) > 10
        assert "its queue does not answer" in rung.stderr
        assert "sesame" not in rung.stderr
