"""The most takes an account keeps: the worker survives them, and frames are answered while they are prepared."""

from __future__ import annotations

from collections.abc import Sequence

from tests.movements import arm_raise
from tests.sockets.asking import ask, ask_until_result
from tests.sockets.conftest import Server
from webapp.app import create_app
from webapp.bench.instance import PASSWORD
from webapp.config import Settings
from webapp.core.sequence_file import to_bytes
from webapp.db.actions import Action, Take
from webapp.db.engine import transaction
from webapp.services.accounts import create_account
from webapp.services.actions import MAX_TAKES_IN_ALL

ACTIONS = 10


def keep_many(server: Server, username: str) -> None:
    """A new account with as many takes as one may have, ten seconds each."""
    with create_app(Settings(instance_dir=server.instance.folder)).app_context():
        owner = create_account(username, PASSWORD)
        with transaction() as session:
            actions = [Action(owner_id=owner.id, name=f"a{n}", name_key=f"a{n}") for n in range(ACTIONS)]
            session.add_all(actions)
            for n in range(MAX_TAKES_IN_ALL):
                raised = arm_raise(frames=300, height=0.2 + n / 1000)
                actions[n % ACTIONS].takes.append(
                    Take(
                        client_key=f"take {n}",
                        sequence=to_bytes(raised),
                        frames=len(raised),
                        duration_s=raised.duration_s,
                        trim_start_s=1.0,
                        trim_end_s=8.0,
                        source="webcam",
                        detector="blazepose",
                        pose_model="blazepose_full",
                    )
                )
    server.cookies[username] = server.instance.log_in(username)


def test_the_worker_answers_while_it_prepares_200_takes_and_then_knows_them(
    served: Server, clip: Sequence[bytes]
) -> None:
    keep_many(served, "collector")
    bystander = served.live("alice")
    ask_until_result(bystander, clip[0])
    before = served.worker_pid
    client = served.live("collector")

    dropped, named = [], set[str]()
    while len(named) < ACTIONS:
        for picture in clip[:20]:
            answer = ask(client, picture)
            people = answer.payload.get("people", [])
            named |= {line["action"] for person in people for line in person["ranking"]}  # type: ignore[attr-defined]
            dropped += [one for one in (answer, ask(bystander, picture)) if one.event == "drop"]

    assert dropped == []
    assert served.worker_pid == before
