"""From an incoming picture to its file in the store: read, decoded, encoded and hashed, some ahead of the database."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from PIL import Image
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from webapp.core.errors import InvalidInputError
from webapp.datasets.picture_file import CleanPicture, PictureLimits, encoded, from_pixels, read_picture
from webapp.datasets.picture_store import PictureStore, StoredPicture, described
from webapp.datasets.records import Finding
from webapp.db.datasets import Picture, Sample
from webapp.jobs.import_sources import Incoming

THREADS = 3
"""Decoding and encoding leave Python free; one more than a small machine's cores, for what waits on the disk."""
AHEAD = 12
"""Pictures that are read before those before them are through."""
WRITERS = 8
"""Waiting until a file lies on the disk takes as long as decoding and encoding it twice; those that wait at the same
time share one wait."""
_MOST_AHEAD = 32
"""Of small pictures, so that nobody waits while the rows of a batch are written."""
_AHEAD_BYTES = 16 * 2**20
"""Of large ones as many as these bytes hold, but AHEAD."""
LOOK_SIDE_PX = 1280
"""A detector scales pictures down anyway; larger ones are not kept until it looks at them."""

Given = TypeVar("Given")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Prepared:
    """A picture that is ready for its rows.

    stored: None where the dataset has the very file, which then was not decoded. data: the stored file's bytes, for
    when somebody deletes it before its row is there. look: RGB or grey, kept where a detector has to see it;
    scale: of it to the picture.
    """

    incoming: Incoming
    original_sha256: str
    stored: StoredPicture | None
    data: bytes = b""
    look: Image.Image | None = None
    scale: float = 1.0


class KnownFiles:
    """The hashes of the files that a dataset's pictures came as, 8 bytes each: what is not among them is new."""

    def __init__(self, session: Session, dataset_id: str) -> None:
        """Of pictures that show at least one sample; one whose samples were all deleted may come again."""
        shown = exists().where(Sample.picture_id == Picture.id, Sample.deleted_at.is_(None))
        query = select(Picture.original_sha256, Picture.sha256).where(Picture.dataset_id == dataset_id, shown)
        heads = [_head(sha256) for row in session.execute(query) for sha256 in row]
        self._heads = np.unique(np.array(heads, np.uint64))

    def __contains__(self, sha256: str) -> bool:
        head = np.uint64(_head(sha256))
        place = int(np.searchsorted(self._heads, head))
        return place < len(self._heads) and bool(self._heads[place] == head)


class Preparer:
    """Puts incoming pictures into the store. May be called from several threads at once.

    without_rows: hashes of files that no row was written for, since their pictures were refused or are still to come.
    """

    def __init__(self, store: PictureStore, limits: PictureLimits, known: KnownFiles) -> None:
        self._store, self._limits, self._known = store, limits, known
        self.without_rows: set[str] = set()

    def prepare(self, item: Incoming | Finding) -> Prepared | Finding:
        """Ready for its rows, or why it is refused. Faults of this machine's disk are raised."""
        if isinstance(item, Finding):
            return item
        try:
            return self._prepared(item)
        except InvalidInputError as error:
            return Finding(item.reported_name, str(error))

    def keep(self, item: Prepared | Finding) -> Prepared | Finding:
        """The same, whose file now lies on the disk for good."""
        if isinstance(item, Prepared) and item.stored is not None:
            self._store.write(item.stored, item.data)
            self.without_rows.add(item.stored.sha256)
        return item

    def put_again(self, prepared: Prepared) -> None:
        """Write the file once more where it was deleted since, because another's picture was the same."""
        stored = prepared.stored
        if stored is not None and not self._store.has(stored.sha256, stored.suffix):
            self._store.write(stored, prepared.data)

    def _prepared(self, incoming: Incoming) -> Prepared:
        data = b"" if incoming.load is None else incoming.load()
        original = _sha256_of(incoming, data)
        if original in self._known:
            return Prepared(replace(incoming, pixels=None), original, None)
        picture = self._clean(incoming, data)
        incoming = replace(incoming, pixels=None)  # a batch waits for its transaction, and a video's pictures are large
        suffix = self._store.suffix_of(original) if data else None
        if suffix is None:
            data, suffix = encoded(picture)
        stored = described(data, suffix, picture)
        if not incoming.people:
            look = picture.image.copy()
            look.thumbnail((LOOK_SIDE_PX, LOOK_SIDE_PX), reducing_gap=2.0)
            return Prepared(incoming, original, stored, data, look, look.width / picture.image.width)
        # thumbnails wait until somebody looks at them: they would take a third of the time
        return Prepared(incoming, original, stored, data)

    def _clean(self, incoming: Incoming, data: bytes) -> CleanPicture:
        if incoming.pixels is None:
            return read_picture(data, self._limits, incoming.size_px)
        if incoming.pixels.shape[0] * incoming.pixels.shape[1] > self._limits.max_pixels:
            raise InvalidInputError(
                f"it is {incoming.pixels.shape[1]}x{incoming.pixels.shape[0]} pixels; "
                f"at most {self._limits.max_pixels} are taken"
            )
        return from_pixels(incoming.pixels, incoming.lossless)


class ReadAhead:
    """Decodes and encodes on all cores, and meanwhile has the disk take what is ready; to be used as a context."""

    def __init__(self, preparer: Preparer) -> None:
        self._preparer = preparer
        self._cores = ThreadPoolExecutor(THREADS, thread_name_prefix="import")
        self._disk = ThreadPoolExecutor(WRITERS, thread_name_prefix="import-disk")
        self._largest_bytes = 0

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._cores.shutdown(cancel_futures=True)  # first: it hands on to the other
        self._disk.shutdown(cancel_futures=True)

    def ready(self, items: Iterable[Incoming | Finding]) -> Iterator[Prepared | Finding]:
        """Each as Preparer makes it, its file on the disk, in their order."""
        waiting: deque[Future[Future[Prepared | Finding]]] = deque()
        for item in items:
            if isinstance(item, Incoming) and item.pixels is not None:
                self._largest_bytes = max(self._largest_bytes, item.pixels.nbytes)
            waiting.append(self._cores.submit(self._prepared, item))
            while len(waiting) >= self._room():
                yield self._next(waiting)
        while waiting:
            yield self._next(waiting)

    def _prepared(self, item: Incoming | Finding) -> Future[Prepared | Finding]:
        return self._disk.submit(self._preparer.keep, self._preparer.prepare(item))

    def _next(self, waiting: deque[Future[Future[Prepared | Finding]]]) -> Prepared | Finding:
        done = waiting.popleft().result().result()
        if isinstance(done, Prepared):
            look_bytes = 0 if done.look is None else done.look.width * done.look.height * len(done.look.getbands())
            self._largest_bytes = max(self._largest_bytes, len(done.data) + look_bytes)
        return done

    def _room(self) -> int:
        """How many pictures may be under way, by the largest until now."""
        if not self._largest_bytes:
            return AHEAD
        return max(AHEAD, min(_MOST_AHEAD, _AHEAD_BYTES // self._largest_bytes))


def ahead(
    pool: ThreadPoolExecutor, work: Callable[[Given], Answer], items: Iterable[Given], count: int
) -> Iterator[Answer]:
    """What work answers of each item, in their order, with at most `count` items under way."""
    waiting: deque[Future[Answer]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) >= count:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _sha256_of(incoming: Incoming, data: bytes) -> str:
    if incoming.pixels is None:
        return hashlib.sha256(data).hexdigest()
    digest = hashlib.sha256(repr(incoming.pixels.shape).encode())
    digest.update(np.ascontiguousarray(incoming.pixels).data)
    return digest.hexdigest()


def _head(sha256: str) -> int:
    return int(sha256[:16], 16)
