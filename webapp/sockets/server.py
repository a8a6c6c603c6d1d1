"""The sockets layer put together: namespaces, bus and relay on one Flask app, and the loop that serves it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from flask_socketio import SocketIO

from webapp.config import Settings
from webapp.eventlet_notice import silence_eventlet
from webapp.listener import listen
from webapp.pipeline.access import worker_token
from webapp.pipeline.messages import Bank, ModelChoice
from webapp.services import accounts, banks, models
from webapp.services.analysis import EXTENSION as ANALYSIS
from webapp.services.analysis import Analysis
from webapp.sockets.bus import WORKER, WorkerBus
from webapp.sockets.gate import Gate
from webapp.sockets.listening import serve_eventlet, serve_threads
from webapp.sockets.live import NO_BANK, LiveNamespace
from webapp.sockets.packets import BoundedPacket
from webapp.sockets.relay import LIVE, Relay
from webapp.sockets.sessions import LiveSessions
from webapp.sockets.threaded_websocket import BoundedWebSocket
from webapp.sockets.workers import WorkerNamespace

EXTENSION = "moveprint_sockets"
TRANSPORT_SLACK_BYTES = 2**20
WATCH_EVERY_S = 0.5
CHECK_LOGINS_EVERY_S = 2.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LiveSockets:
    """What the sockets layer keeps for as long as the app lives."""

    app: Flask
    bus: WorkerBus
    relay: Relay
    sessions: LiveSessions
    gate: Gate

    def push_bank(self, _sender: object, user_id: int) -> None:
        """Someone's actions changed: tell the workers, then that person's browsers."""
        bank_id = banks.bank_id_of(user_id)
        try:
            self.bus.bank_changed(bank_id)
        except Exception:  # noqa: BLE001 the change itself is stored: its request must not fail because live views lag behind
            _log.exception("the changed actions of user %d did not reach the workers", user_id)
            return
        number = self.bus.bank_number(bank_id)
        if number is not None:
            self.relay.actions_changed(user_id, number)

    def push_models(self, _sender: object) -> None:
        """The installation uses other models: sessions without a choice of their own change to them."""
        try:
            self.bus.models.active_changed()
        except Exception:  # noqa: BLE001 the change itself is stored: its request must not fail because live views lag behind
            _log.exception("the changed models did not reach the live views")

    def end_sessions(self, _sender: object, user_id: int) -> None:
        """Logins of someone ended: a browser whose login still holds comes back by itself, the others are refused."""
        for session in self.sessions.of_user(user_id):
            session.connection.cut()

    def watch_once(self) -> None:
        """Cut off hung workers and strangers, store what could not be stored."""
        self.bus.cut_off_overdue()
        self.gate.cut_strangers()
        self.relay.store_unstored()

    def check_logins(self) -> None:
        """Cut the sessions whose login has ended, also where another process ended it."""
        sessions = self.sessions.all()
        if not sessions:
            return
        with self.app.app_context():
            keys = accounts.login_keys({session.user_id for session in sessions})
        for session in sessions:
            if keys.get(session.user_id) != session.login_key:
                session.connection.cut()


def init_sockets(app: Flask, settings: Settings) -> SocketIO:
    """Both namespaces on this app; starts nothing."""
    silence_eventlet()  # Socket.IO imports it where it is the mode, also in commands that do not serve
    socketio = SocketIO(
        app,
        async_mode=settings.async_mode,
        async_handlers=False,  # frames of one session stay in order
        transports=["websocket"],
        max_http_buffer_size=settings.max_frame_bytes + TRANSPORT_SLACK_BYTES,
        ping_interval=10,
        ping_timeout=10,
        manage_session=False,
        serializer=BoundedPacket,
        namespaces=[LIVE, WORKER],
    )
    if settings.async_mode == "threading":
        engine = socketio.server.eio
        engine._async = {**engine._async, "websocket": BoundedWebSocket}
    sessions = LiveSessions()
    relay = Relay(app, socketio.server, sessions)

    def load_bank(bank_id: str) -> Bank:
        if bank_id == NO_BANK:
            return Bank(NO_BANK, 0, ())
        with app.app_context():  # a context of its own, so that it reads what was committed last
            return banks.load_bank(int(bank_id.removeprefix("user-")))

    def active_models() -> ModelChoice | None:
        with app.app_context():
            return models.active_choice()

    bus = WorkerBus(socketio.server, relay, load_bank, active_models, time.monotonic)
    app.extensions[ANALYSIS] = Analysis(bus.inquiries.ask)
    socketio.on_namespace(LiveNamespace(sessions, bus, relay, settings))
    socketio.on_namespace(WorkerNamespace(bus, lambda: worker_token(settings)))
    gate = Gate(socketio.server, (LIVE, WORKER), time.monotonic)
    live_sockets = LiveSockets(app, bus, relay, sessions, gate)
    app.extensions[EXTENSION] = live_sockets  # also keeps it alive for the signal, which holds it weakly
    banks.bank_changed.connect(live_sockets.push_bank)
    models.models_changed.connect(live_sockets.push_models)
    accounts.logins_ended.connect(live_sockets.end_sessions)
    return socketio


def serve_listening(app: Flask, socketio: SocketIO, settings: Settings) -> None:
    """Listen and serve until the process ends; InvalidInputError when the port is taken."""
    listener = listen(settings.host, settings.port)
    live_sockets: LiveSockets = app.extensions[EXTENSION]

    def keep_doing(what: Callable[[], None], every_s: float) -> None:
        while True:
            socketio.sleep(every_s)
            try:
                what()
            except Exception:  # noqa: BLE001 the watch must outlive whatever goes wrong once
                _log.exception("watching over the connections failed once")

    socketio.start_background_task(keep_doing, live_sockets.watch_once, WATCH_EVERY_S)
    socketio.start_background_task(keep_doing, live_sockets.check_logins, CHECK_LOGINS_EVERY_S)
    if settings.async_mode == "eventlet":
        serve_eventlet(listener, app)
    else:
        serve_threads(listener, app)
