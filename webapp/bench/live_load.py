"""The clients' side of `bench live`, a process of its own so that it takes no time from the server's."""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from webapp.bench.browser import Answer, LiveClient
from webapp.bench.live_poses import POSES_PER_PACKET, POSES_PER_S, read_packets
from webapp.core.errors import MoveprintError

CREDITS = 2
FPS = 30
WARM_UP_S = 1.5
FIRST_ANSWER_WITHIN_S = 20.0
Send = Callable[[LiveClient, int, float], None]
"""Send the message with that number, of that time."""


def main(argv: Sequence[str] | None = None) -> int:
    """Connect with the cookies that standard input holds, one a line, send, print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("source", type=Path, help="a folder of JPEG files, or a file of poses")
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args(argv)
    try:
        print(json.dumps(_measured(options, sys.stdin.read())))
    except MoveprintError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _measured(options: argparse.Namespace, cookies: str) -> dict[str, float]:
    on_device, accounts = options.source.is_file(), cookies.split("\n")
    poses = read_packets(options.source) if on_device else None
    send = _pictures(options.source) if poses is None else poses.send
    clients = [
        Sender(LiveClient(options.url, accounts[number % len(accounts)]), send) for number in range(options.clients)
    ]
    for client in clients:
        client.live.connect()
        client.live.wait_for_worker("ready", "restarted")
    measured = {"first_answer_at_s": clients[0].first_answer_at_s()}
    if poses is not None:
        measured.update(many_clients(clients, options.seconds, POSES_PER_S / POSES_PER_PACKET))
        measured["sent_bytes_per_s"] = round(poses.bytes_per_s)
    elif options.clients == 1:
        measured.update(one_client(clients[0], options.seconds))
    else:
        measured.update(many_clients(clients, options.seconds))
    for client in clients:
        client.live.close()
    return measured


def _pictures(folder: Path) -> Send:
    frames = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
    return lambda live, frame_id, time_s: live.send(frame_id, time_s, frames[frame_id % len(frames)])


class Sender:
    """Sends a clip round and round on one connection."""

    def __init__(self, live: LiveClient, send: Send) -> None:
        self.live = live
        self._send = send
        self._next_id = 0
        self._started_s = time.perf_counter()
        self._credit = threading.Condition()
        live.on_answer = self._credit_back

    def first_answer_at_s(self) -> float:
        """Send until keypoints come back; the moment, by time.monotonic. MoveprintError when they do not."""
        until_s = time.monotonic() + FIRST_ANSWER_WITHIN_S
        while time.monotonic() < until_s:
            self.send_when_possible(CREDITS)
            if any(answer.payload.get("people") for answer in self.live.answers):
                return time.monotonic()
        raise MoveprintError(
            f"nobody was found within {FIRST_ANSWER_WITHIN_S:g} s; --video needs one that shows somebody from the start"
        )

    def send_when_possible(self, credits: int) -> None:
        """Wait for a credit, then send the next frame."""
        with self._credit:
            self._credit.wait_for(lambda: self.live.in_flight < credits, timeout=10)
        self.send()

    def send_at_rate(self, seconds: float, fps: float) -> int:
        """Send at a steady rate, leaving out a frame where no credit is left; how many there were in all."""
        start_s, captured = time.perf_counter(), 0
        while (due_s := captured / fps) < seconds:
            time.sleep(max(0.0, start_s + due_s - time.perf_counter()))
            captured += 1
            if self.live.in_flight < CREDITS:
                self.send()
        return captured

    def send(self) -> None:
        self._send(self.live, self._next_id, time.perf_counter() - self._started_s)
        self._next_id += 1

    def collected(self) -> list[Answer]:
        """Wait until nothing is on its way; the answers since the last time."""
        with self._credit:
            self._credit.wait_for(lambda: self.live.in_flight == 0, timeout=10)
        answers = list(self.live.answers)
        self.live.answers.clear()
        return answers

    def _credit_back(self, _answer: Answer) -> None:
        with self._credit:
            self._credit.notify_all()


def one_client(client: Sender, seconds: float) -> dict[str, float]:
    """One frame at a time for the latency, then as many as the credits allow for the rate."""
    client.send_at_rate(WARM_UP_S, FPS)
    client.collected()
    until_s = time.perf_counter() + seconds / 2
    while time.perf_counter() < until_s:
        client.send_when_possible(credits=1)
    alone = _results(client.collected())
    start_s = time.perf_counter()
    while time.perf_counter() < start_s + seconds / 2:
        client.send_when_possible(CREDITS)
    together = _results(client.collected())
    steps_ms = [_worker_ms(answer) for answer in alone]
    return {
        "step_ms": _median(steps_ms),
        "step_ms_p95": _percentile(steps_ms, 95),
        "frames_per_s": round(len(together) / (together[-1].received_s - start_s), 1),
        "overhead_ms": _median([answer.round_trip_ms - _worker_ms(answer) for answer in alone]),
        **_round_trips(alone),
    }


def many_clients(clients: Sequence[Sender], seconds: float, per_s: float = FPS) -> dict[str, float]:
    """Every client with so many messages a second for that long, all at once."""
    for client in clients:
        client.collected()
    captured: list[int] = []
    threads = [
        threading.Thread(target=lambda sender=sender: captured.append(sender.send_at_rate(seconds, per_s)))
        for sender in clients
    ]
    before_s = _cpu_s()
    for thread in threads:
        thread.start()
        time.sleep(1 / per_s / len(clients))  # cameras do not tick together
    for thread in threads:
        thread.join()
    cpu_share = (_cpu_s() - before_s) / seconds
    answers = _results([answer for client in clients for answer in client.collected()])
    steps_ms = [_worker_ms(answer) for answer in answers]
    return {
        "step_ms": _median(steps_ms),
        "step_ms_p95": _percentile(steps_ms, 95),
        "frames_per_s": round(len(answers) / seconds, 1),
        "overhead_ms": _median([float(str(answer.payload["server_ms"])) for answer in answers]),
        **_round_trips(answers),
        "dropped_share": round(1 - len(answers) / sum(captured), 3),
        "drift_ms_per_min": round(_slope(answers) * 60, 1),
        "clients_cpu_share": round(cpu_share, 2),
    }


def _cpu_s() -> float:
    """What this process has used so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _results(answers: Sequence[Answer]) -> list[Answer]:
    results = [answer for answer in answers if answer.event == "result"]
    if len(results) < 2:
        raise MoveprintError(
            f"{len(results)} of {len(answers)} frames were answered, too few to measure; more --seconds"
        )
    return results


def _worker_ms(answer: Answer) -> float:
    return float(str(answer.payload["worker_ms"]))


def _round_trips(answers: Sequence[Answer]) -> dict[str, float]:
    times_ms = [answer.round_trip_ms for answer in answers]
    return {"round_trip_ms": _median(times_ms), "round_trip_ms_p95": _percentile(times_ms, 95)}


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 2)


def _percentile(values: Sequence[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100)[percent - 1], 2)


def _slope(answers: Sequence[Answer]) -> float:
    """Milliseconds by which the round trip grows each second."""
    return statistics.linear_regression([a.sent_s for a in answers], [a.round_trip_ms for a in answers]).slope


if __name__ == "__main__":
    sys.exit(main())
