"""URL: the bell of the web process under eventlet; prints how often another greenlet had its turn meanwhile."""

from __future__ import annotations

import sys
from dataclasses import replace

from webapp import web_process
from webapp.config import load_settings

if __name__ == "__main__":
    web_process._patch(postgres=False)
    import eventlet

    from webapp.jobs.queue import HueyQueue

    turns: list[int] = []

    def take_turns() -> None:
        while True:
            turns.append(1)
            eventlet.sleep(0.01)

    queue = HueyQueue(replace(load_settings(), queue_url=sys.argv[1]))
    eventlet.spawn(take_turns)
    queue.enqueue("a", "train")
    print(len(turns))
