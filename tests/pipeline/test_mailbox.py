"""The mailbox: newest wins, in turn, within the credits, and every frame is accounted for exactly once."""

from __future__ import annotations

import random
from collections import Counter

from webapp.core.skeleton import COCO_17
from webapp.pipeline.mailbox import NO_WORKER, SESSION_CLOSED, SUPERSEDED, WORKER_RESTARTED, Mailbox
from webapp.pipeline.messages import DroppedFrame, FrameMessage, PosesMessage


class Clock:
    """A clock the test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def frame(session_id: str, frame_id: int) -> FrameMessage:
    return FrameMessage(session_id, frame_id, frame_id / 30, b"\xff\xd8\xff")


def poses(session_id: str, frame_id: int) -> PosesMessage:
    return PosesMessage(session_id, frame_id, (), 640, 480, COCO_17, False, b"")


def delivered(mailbox: Mailbox) -> list[tuple[str, str, int]]:
    found = []
    while (delivery := mailbox.next_delivery()) is not None:
        found.append((delivery.worker_id, delivery.message.session_id, delivery.message.frame_id))
    return found


def mailbox_with(workers: int, sessions: int, clock: Clock | None = None) -> Mailbox:
    mailbox = Mailbox(clock or Clock())
    for number in range(workers):
        mailbox.add_worker(f"w{number}")
    for number in range(sessions):
        mailbox.open_session(f"s{number}")
    return mailbox


def test_a_frame_without_a_worker_is_dropped_at_once() -> None:
    mailbox = mailbox_with(workers=0, sessions=1)

    assert mailbox.submit(frame("s0", 1)) == (DroppedFrame("s0", 1, NO_WORKER),)


def test_a_frame_of_no_session_is_dropped() -> None:
    mailbox = mailbox_with(workers=1, sessions=0)

    assert mailbox.submit(frame("s0", 1)) == (DroppedFrame("s0", 1, SESSION_CLOSED),)


def test_a_newer_frame_takes_the_place_of_the_waiting_one() -> None:
    mailbox = mailbox_with(workers=1, sessions=1)
    for frame_id in (1, 2):
        mailbox.submit(frame("s0", frame_id))
        mailbox.next_delivery()

    assert mailbox.submit(frame("s0", 3)) == ()
    assert mailbox.submit(frame("s0", 4)) == (DroppedFrame("s0", 3, SUPERSEDED),)

    mailbox.answered("w0", "s0", 1)
    assert delivered(mailbox) == [("w0", "s0", 4)]


def test_two_packets_of_poses_wait_since_each_tells_what_the_other_does_not() -> None:
    mailbox = mailbox_with(workers=1, sessions=1)
    for frame_id in (1, 2):
        mailbox.submit(frame("s0", frame_id))
        mailbox.next_delivery()

    dropped = [mailbox.submit(poses("s0", frame_id)) for frame_id in (3, 4, 5)]

    assert dropped == [(), (), (DroppedFrame("s0", 3, SUPERSEDED),)]
    mailbox.answered("w0", "s0", 1)
    mailbox.answered("w0", "s0", 2)
    assert delivered(mailbox) == [("w0", "s0", 4), ("w0", "s0", 5)]


def test_a_picture_takes_the_place_of_all_poses_that_wait() -> None:
    mailbox = mailbox_with(workers=1, sessions=1)
    for frame_id in (1, 2):
        mailbox.submit(frame("s0", frame_id))
        mailbox.next_delivery()
    for frame_id in (3, 4):
        mailbox.submit(poses("s0", frame_id))

    dropped = mailbox.submit(frame("s0", 5))

    assert dropped == (DroppedFrame("s0", 3, SUPERSEDED), DroppedFrame("s0", 4, SUPERSEDED))
    assert mailbox.remove_worker("w0").dropped == tuple(DroppedFrame("s0", n, WORKER_RESTARTED) for n in (1, 2, 5))


def test_a_worker_never_holds_more_frames_than_its_credits() -> None:
    mailbox = mailbox_with(workers=1, sessions=5)
    for number in range(5):
        mailbox.submit(frame(f"s{number}", 1))

    assert len(delivered(mailbox)) == 2
    mailbox.answered("w0", "s0", 1)
    assert delivered(mailbox) == [("w0", "s2", 1)]


def test_sessions_take_turns_even_when_one_sends_ten_times_as_much() -> None:
    mailbox = mailbox_with(workers=1, sessions=3)
    served: Counter[str] = Counter()
    frame_id = 0
    for _ in range(300):
        for _ in range(10):
            frame_id += 1
            mailbox.submit(frame("s0", frame_id))
        mailbox.submit(frame("s1", frame_id))
        mailbox.submit(frame("s2", frame_id))
        for worker_id, session_id, sent_id in delivered(mailbox):
            served[session_id] += 1
            mailbox.answered(worker_id, session_id, sent_id)

    assert max(served.values()) - min(served.values()) <= 1


def test_a_session_stays_with_its_worker_and_sessions_are_spread() -> None:
    mailbox = mailbox_with(workers=2, sessions=4)

    assert Counter(mailbox.worker_of(f"s{n}") for n in range(4)) == {"w0": 2, "w1": 2}
    home = mailbox.worker_of("s0")
    for frame_id in range(20):
        mailbox.submit(frame("s0", frame_id))
        for worker_id, session_id, sent_id in delivered(mailbox):
            assert worker_id == home
            mailbox.answered(worker_id, session_id, sent_id)


def test_a_lost_worker_drops_what_it_held_and_its_sessions_wait_for_another() -> None:
    mailbox = mailbox_with(workers=1, sessions=1)
    for frame_id in (1, 2):
        mailbox.submit(frame("s0", frame_id))
        mailbox.next_delivery()
    mailbox.submit(frame("s0", 3))

    lost = mailbox.remove_worker("w0")

    assert lost.dropped == tuple(DroppedFrame("s0", n, WORKER_RESTARTED) for n in (1, 2, 3))
    assert lost.waiting == ("s0",)
    assert not lost.moved
    assert [a.session_id for a in mailbox.add_worker("w1")] == ["s0"]


def test_sessions_of_a_lost_worker_move_to_the_one_that_is_left() -> None:
    mailbox = mailbox_with(workers=2, sessions=4)

    lost = mailbox.remove_worker("w0")

    assert {a.worker_id for a in lost.moved} == {"w1"}
    assert not lost.waiting
    assert all(mailbox.worker_of(f"s{n}") == "w1" for n in range(4))


def test_an_answer_nobody_waits_for_is_not_taken() -> None:
    mailbox = mailbox_with(workers=2, sessions=1)
    mailbox.submit(frame("s0", 1))
    mailbox.next_delivery()

    assert mailbox.answered("w1", "s0", 1) is None
    assert mailbox.answered("w0", "s0", 2) is None
    assert mailbox.answered("w0", "s0", 1) is not None
    assert mailbox.answered("w0", "s0", 1) is None


def test_a_closed_session_keeps_no_frame_but_its_credit_comes_back() -> None:
    mailbox = mailbox_with(workers=1, sessions=2)
    for frame_id in (1, 2):
        mailbox.submit(frame("s0", frame_id))
        mailbox.next_delivery()
    mailbox.submit(frame("s0", 3))
    mailbox.submit(frame("s1", 1))

    assert mailbox.close_session("s0") == "w0"

    assert delivered(mailbox) == []
    assert mailbox.answered("w0", "s0", 1) is not None
    assert delivered(mailbox) == [("w0", "s1", 1)]
    assert mailbox.remove_worker("w0").dropped == (DroppedFrame("s1", 1, WORKER_RESTARTED),)


def test_a_worker_is_overdue_after_five_seconds_with_the_same_frame() -> None:
    clock = Clock()
    mailbox = mailbox_with(workers=1, sessions=1, clock=clock)
    mailbox.submit(frame("s0", 1))
    mailbox.next_delivery()

    clock.now_s += 5.0
    assert mailbox.overdue_workers() == ()
    clock.now_s += 0.1
    assert mailbox.overdue_workers() == ("w0",)
    mailbox.answered("w0", "s0", 1)
    assert mailbox.overdue_workers() == ()


def test_the_times_of_a_frame_are_kept_until_its_answer() -> None:
    clock = Clock()
    mailbox = mailbox_with(workers=1, sessions=1, clock=clock)
    mailbox.submit(frame("s0", 1))
    clock.now_s += 0.5
    mailbox.next_delivery()

    answered = mailbox.answered("w0", "s0", 1)

    assert answered is not None
    assert (answered.submitted_s, answered.sent_s) == (100.0, 100.5)


def test_whatever_happens_every_frame_leaves_exactly_once() -> None:
    draw = random.Random(7)
    mailbox = Mailbox(Clock())
    left: Counter[tuple[str, int]] = Counter()
    submitted: list[tuple[str, int]] = []
    held: list[tuple[str, str, int]] = []
    workers: list[str] = []
    for number in range(4):
        mailbox.open_session(f"s{number}")
    for step in range(5000):
        choice = draw.random()
        if choice < 0.6:
            session_id = f"s{draw.randrange(4)}"
            message = frame(session_id, step) if step % 2 else poses(session_id, step)
            submitted.append((message.session_id, message.frame_id))
            left.update((dropped.session_id, dropped.frame_id) for dropped in mailbox.submit(message))
        elif choice < 0.9 and held:
            worker_id, session_id, frame_id = held.pop(draw.randrange(len(held)))
            assert mailbox.answered(worker_id, session_id, frame_id) is not None
            left[session_id, frame_id] += 1
        elif choice < 0.95:
            workers.append(f"w{step}")
            mailbox.add_worker(workers[-1])
        elif workers:
            gone = workers.pop(draw.randrange(len(workers)))
            held = [item for item in held if item[0] != gone]
            left.update((d.session_id, d.frame_id) for d in mailbox.remove_worker(gone).dropped)
        held += delivered(mailbox)
    for worker_id in workers:
        left.update((d.session_id, d.frame_id) for d in mailbox.remove_worker(worker_id).dropped)

    assert left == Counter(submitted)
