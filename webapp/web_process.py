"""The web process: patched for eventlet before anything of the application is imported."""

from __future__ import annotations

import os

from webapp.config import Settings
from webapp.eventlet_notice import silence_eventlet
from webapp.lifeline import end_with_parent


def run_web(settings: Settings) -> int:
    """Serve until told to stop."""
    if settings.supervised:
        end_with_parent()
    if settings.async_mode == "eventlet":
        _patch(postgres=settings.sqlalchemy_url.startswith("postgres"))
    # imported now and not at the top: what it imports must find the patched modules
    from webapp.app import serve_web  # noqa: PLC0415

    return serve_web(settings)


def _patch(postgres: bool) -> None:
    # eventlet's own resolver takes 0.2 s to load, and only the database's host is ever looked up
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
    # else the queue's driver for PostgreSQL, psycopg 3, waits in C while every greenlet stands still
    os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_selector")
    silence_eventlet()
    import eventlet  # noqa: PLC0415  # importing it already touches the process

    eventlet.monkey_patch(os=True, select=True, socket=True, thread=True, time=True, subprocess=True, psycopg=postgres)
