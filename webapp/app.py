"""The web application: create_app wires the parts and starts nothing; serve_web is the web process."""

from __future__ import annotations

from flask import Flask, url_for
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.config import ROOT, Settings
from webapp.db.engine import init_database
from webapp.db.schema import init_migrations, require_latest
from webapp.jobs.queue import HueyQueue
from webapp.listener import address_in_url
from webapp.services.accounts import issue_first_admin_token
from webapp.services.jobs import EXTENSION as JOB_QUEUE
from webapp.sockets import init_sockets, serve_listening
from webapp.web.pages import init_web


def create_app(settings: Settings) -> Flask:
    """The app, ready to serve or to be tested. Opens no connection and starts no thread."""
    app = Flask(
        "webapp",
        root_path=str(ROOT / "webapp"),
        instance_path=str(settings.instance_dir.resolve()),
        static_folder=str(ROOT / "static"),
        template_folder=str(ROOT / "templates"),
    )
    app.config["MOVEPRINT_SETTINGS"] = settings
    init_database(app, settings.sqlalchemy_url)
    init_migrations(app)
    app.extensions[JOB_QUEUE] = HueyQueue(settings)
    init_web(app, settings)
    init_sockets(app, settings)
    if settings.trusted_proxies:  # outermost, so that the sockets' check of the origin sees the browser's address too
        n = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    return app


def serve_web(settings: Settings) -> int:
    """Serve until told to stop. Under eventlet the process must have been patched before this module was imported."""
    app = create_app(settings)
    with app.app_context():
        require_latest()
        announce_first_admin(app, settings)
    serve_listening(app, app.extensions["socketio"], settings)
    return 0


def announce_first_admin(app: Flask, settings: Settings) -> None:
    """While there is no administrator, print a one-time link that creates one."""
    token = issue_first_admin_token()
    if token is None:
        return
    with app.test_request_context():
        path = url_for("accounts.first_admin", token=token)
    address = address_in_url(settings.host, settings.port)
    print(  # noqa: T201  # this line is for the person at the terminal, not for the log
        f"No administrator yet. Create the account with this one-time link:\n  http://{address}{path}",
        flush=True,
    )
