"""Every answer is guarded; static files are kept, pages are not."""

from __future__ import annotations

import pytest

from tests.conftest import Browser, LogIn
from webapp.web.headers import content_security_policy


@pytest.mark.parametrize("url", ["/login", "/nowhere", "/healthz", "/static/css/app.css", "/history/"])
def test_every_answer_carries_the_guarding_headers(visitor: Browser, url: str) -> None:
    headers = visitor.get(url).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_no_inline_script_nor_eval_is_permitted() -> None:
    policy = content_security_policy("127.0.0.1:5000")

    assert "unsafe" not in policy
    assert "connect-src 'self' ws://127.0.0.1:5000 wss://127.0.0.1:5000;" in policy


def test_eval_is_permitted_on_one_page_which_pages_of_ours_alone_may_frame(log_in: LogIn) -> None:
    anna = log_in("anna")

    frame, around = anna.get("/live/on-device"), anna.get("/live/")

    policy = frame.headers["Content-Security-Policy"]
    assert "'unsafe-eval'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "connect-src 'self';" in policy
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "unsafe" not in around.headers["Content-Security-Policy"]
    assert "frame-src 'self'" in around.headers["Content-Security-Policy"]


@pytest.mark.parametrize("host", ["evil.example; script-src *", "a b", "x\r\ny", "host,other"])
def test_a_forged_host_does_not_get_into_the_policy(host: str) -> None:
    policy = content_security_policy(host)

    assert host not in policy
    assert "connect-src 'self';" in policy


def test_a_page_is_never_kept_by_a_cache(log_in: LogIn) -> None:
    assert "no-store" in log_in("anna").get("/history/").headers["Cache-Control"]


def test_a_static_file_with_its_version_is_kept_for_good(visitor: Browser) -> None:
    page = visitor.get("/login").text
    start = page.index("/static/css/app.css?v=")
    versioned = page[start : page.index('"', start)]

    kept, asked_again = visitor.get(versioned), visitor.get("/static/css/app.css")

    assert "immutable" in kept.headers["Cache-Control"]
    assert asked_again.headers["Cache-Control"] == "no-cache"
    assert asked_again.headers["ETag"]


def test_the_login_cookie_is_out_of_reach_of_scripts(visitor: Browser) -> None:
    cookie = visitor.get("/login").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_health_is_answered_without_a_login(visitor: Browser) -> None:
    assert visitor.get("/healthz").json == {"status": "ok"}
