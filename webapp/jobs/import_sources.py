"""What an import is made of: from its parameters and files to one picture after the other, always in the same order."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import cast

import numpy as np
from numpy.typing import NDArray

from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.core.records import Box
from webapp.core.skeleton import Skeleton
from webapp.datasets.archives import NamedFiles, folder_files, open_zip
from webapp.datasets.files import Files
from webapp.datasets.formats.known import FORMATS, recognised
from webapp.datasets.picture_store import SCRATCH_PREFIX, datasets_dir
from webapp.datasets.records import Extra, Finding, LabelledPerson, LabelledPicture
from webapp.datasets.uploads import is_picture, is_video
from webapp.db.datasets import PICTURE_SOURCES

UPLOADS = "uploads"
AUTO, IMAGES, VIDEO = "auto", "images", "video"
_ARCHIVE = ".zip"
_STEP_BYTES = 2**20
_SESSION_MAX = 80
_MARK = 8


@dataclass(frozen=True)
class ImportOrder:
    """An import's parameters. origin: "uploads", or where the files lie on this machine."""

    origin: str
    format: str
    source: str | None
    session: str
    people: str
    person_id: str | None
    every_frames: int | None
    pose_change: float | None
    one_person: bool


@dataclass(frozen=True)
class Incoming:
    """One picture that is to be taken in.

    load: reads the bytes of its file; None where `pixels`, (H, W, 3) BGR or (H, W) grey, are here already.
    size_px: width and height that the labels are in pixels of. people: empty where a detector is to look for them.
    folder: the name of the folder that stands for a person. archive: which of several it came in.
    """

    file_name: str
    source: str
    session: str
    load: Callable[[], bytes] | None = None
    pixels: NDArray[np.uint8] | None = None
    lossless: bool = False
    size_px: tuple[int, int] | None = None
    people: tuple[LabelledPerson, ...] = ()
    folder: str | None = None
    frame_number: int | None = None
    extra: Extra | None = None
    archive: str = ""

    @property
    def reported_name(self) -> str:
        """What a report calls it."""
        return _name_within(self.archive, self.file_name)


def import_order(parameters: Mapping[str, object]) -> ImportOrder:
    """The parameters as the border checked them; what a command leaves out is as if nothing was asked for."""
    known = ("auto", "images", "video", *FORMATS)
    wanted = str(parameters.get("format") or AUTO)
    if wanted not in known:
        raise InvalidInputError(f"format {wanted!r:.40} is unknown; known: {', '.join(known)}")
    return ImportOrder(
        origin=str(parameters.get("from") or UPLOADS),
        format=wanted,
        source=cast("str | None", parameters.get("source")),
        session=str(parameters.get("session") or "import"),
        people=str(parameters.get("people") or "format"),
        person_id=cast("str | None", parameters.get("person_id")),
        every_frames=cast("int | None", parameters.get("every_frames")),
        pose_change=cast("float | None", parameters.get("pose_change")),
        one_person=bool(parameters.get("one_person")),
    )


def files_at(place: Path) -> NamedFiles:
    """A folder's files, or the one file; InvalidInputError where there is nothing."""
    if place.is_dir():
        return folder_files(place)
    if not place.is_file():
        raise InvalidInputError(f"there is no file or folder {place}; name one that is on this machine")
    return NamedFiles({place.name: place})


class Sources:
    """The pictures of an import, in the order of the names: loose files first, then archive by archive.

    Archives stay open until this is left as a context, since pictures are read from them in other threads.
    """

    def __init__(self, order: ImportOrder, files: NamedFiles, skeleton: Skeleton, settings: Settings) -> None:
        self._order, self._files, self._skeleton, self._settings = order, files, skeleton, settings
        names = files.names()
        self._is_one_video = sum(map(is_video, names)) == 1 and not any(map(_is_archive, names))
        self._held = ExitStack()

    def __enter__(self) -> Sources:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._held.close()

    def expected(self) -> int | None:
        """How many pictures to expect; None where that shows only on the way."""
        names = self._files.names()
        pictures = sum(map(is_picture, names))
        return pictures if pictures and not any(name.endswith(_ARCHIVE) or is_video(name) for name in names) else None

    def items(self) -> Generator[Incoming | Finding]:
        """Every picture, and what is refused or noted before a picture is looked at."""
        yield from self._files.findings
        names = self._files.names()
        archives = [name for name in names if _is_archive(name)]
        loose = {name: self._files.path(name) for name in names if name not in archives}
        left_bytes = self._settings.max_import_bytes - sum(path.stat().st_size for path in loose.values())
        if left_bytes < 0:
            raise InvalidInputError(
                f"the files have more than {self._settings.max_import_bytes} bytes together; import them in parts "
                f"or raise max_import_bytes"
            )
        if loose:
            yield from self._of_files(NamedFiles(loose))
        for name in archives:
            try:
                unpacked = self._held.enter_context(open_zip(self._files.path(name), left_bytes))
                left_bytes -= sum(map(unpacked.size_bytes, unpacked.names()))
                within = name if len(names) > 1 else ""
                for item in chain(unpacked.findings, self._of_files(unpacked, f"{name}/")):
                    yield _told_apart(item, within)
            except InvalidInputError as error:
                yield Finding(name, str(error))

    def _of_files(self, files: Files, within: str = "") -> Iterator[Incoming | Finding]:
        """within: what names begin with to tell files of one archive from those of another."""
        chosen = self._order.format
        if chosen == AUTO:
            chosen = recognised(files) or IMAGES
        if chosen in FORMATS:
            yield from self._labelled(chosen, files)
            return
        folder_of = _PersonFolders(files)
        for name in files.names():
            if is_video(name) and self._order.format != IMAGES:
                yield from self._frames(files, name, folder_of(name), self._session_of(within + name))
            elif files.size_bytes(name) > self._settings.max_picture_bytes:
                most = self._settings.max_picture_bytes
                yield Finding(name, f"it has {files.size_bytes(name)} bytes; a picture may have {most}")
            else:
                load = partial(_bytes_of, files, name, self._settings.max_picture_bytes)
                source = self._order.source or IMAGES
                yield Incoming(name, source, self._order.session, load=load, folder=folder_of(name))

    def _labelled(self, chosen: str, files: Files) -> Iterator[Incoming | Finding]:
        for item in FORMATS[chosen].read(files, self._skeleton):
            if isinstance(item, Finding):
                yield item
            elif item.people:
                yield self._of_picture(chosen, files, item)
            else:
                yield Finding(item.file_name, "its labels say that nobody is in it; it was left out", "noted")
        for name in files.names():
            if is_video(name):
                yield Finding(name, f"it was left out: these files are a labelled dataset ({chosen})", "noted")

    def _of_picture(self, chosen: str, files: Files, picture: LabelledPicture) -> Incoming:
        source = self._order.source or picture.source
        load = partial(_bytes_of, files, picture.file_name, self._settings.max_picture_bytes)
        parts = PurePosixPath(picture.file_name).parts
        return Incoming(
            file_name=picture.file_name,
            source=source if source in PICTURE_SOURCES else chosen,
            session=picture.session or self._order.session,
            load=load if picture.pixels is None else None,
            pixels=picture.pixels,
            lossless=picture.pixels is not None,
            size_px=(picture.width_px, picture.height_px),
            people=picture.people,
            folder=parts[0] if len(parts) > 1 else None,
            extra=picture.extra,
        )

    def _session_of(self, video: str) -> str:
        """Of several videos each is a recording of its own, as it would be if they came one by one."""
        # shots before a webcam are of one session, whatever they come in: among them none is taken twice
        if self._is_one_video or self._order.source == "webcam":
            return self._order.session
        return session_of_video(self._order.session, video)

    def _frames(self, files: Files, name: str, folder: str | None, session: str) -> Iterator[Incoming | Finding]:
        # brings pose models and a tracker along: two seconds and 80 MB that an import of pictures does without
        from webapp.jobs.video_pictures import chosen_frames  # noqa: PLC0415

        order = self._order
        with ExitStack() as meanwhile:
            try:
                if isinstance(files, NamedFiles):
                    path = files.path(name)
                else:
                    path = meanwhile.enter_context(_unpacked(files, name, datasets_dir(self._settings)))
                for frame in chosen_frames(path, order.every_frames, order.pose_change, self._settings):
                    yield Incoming(
                        file_name=f"{name}#{frame.number}",
                        source=order.source or VIDEO,
                        session=session,
                        pixels=frame.image_bgr,
                        people=unlabelled_people(frame.people, order.one_person),
                        folder=folder,
                        frame_number=frame.number,
                    )
            except InvalidInputError as error:
                yield Finding(name, str(error))


def _told_apart(item: Incoming | Finding, archive: str) -> Incoming | Finding:
    """The same, told by its archive too."""
    if isinstance(item, Incoming):
        return replace(item, archive=archive)
    return replace(item, file_name=_name_within(archive, item.file_name))


def _name_within(archive: str, name: str) -> str:
    return "/".join(filter(None, (archive, name)))


def session_of_video(session: str, video: str) -> str:
    """What the recording of one of several videos is called: the same each time, and no other's, in 80 characters."""
    whole = f"{session} · {video}"
    if len(whole) <= _SESSION_MAX:
        return whole
    mark = hashlib.sha256(whole.encode()).hexdigest()[:_MARK]
    side = (_SESSION_MAX - _MARK - len(" …  ")) // 2
    return f"{whole[:side]} … {whole[-side:]} {mark}"


def _is_archive(name: str) -> bool:
    return name.lower().endswith(_ARCHIVE)


def unlabelled_people(boxes: Sequence[Box], one_person: bool) -> tuple[LabelledPerson, ...]:
    """Everybody in a picture, or the largest alone; without labels."""
    if one_person and boxes:
        boxes = [max(boxes, key=lambda box: box.width_px * box.height_px)]
    return tuple(LabelledPerson(box, None, "unlabelled") for box in boxes)


class _PersonFolders:
    """Which folder's name a file's person has: the first one in which the files differ."""

    def __init__(self, files: Files) -> None:
        parents = {PurePosixPath(name).parent.parts for name in files.names()}
        shared = min(parents, default=())
        while any(parent[: len(shared)] != shared for parent in parents):
            shared = shared[:-1]
        self._depth = max(len(shared) - 1, 0) if parents == {shared} else len(shared)

    def __call__(self, name: str) -> str | None:
        folders = PurePosixPath(name).parent.parts
        return folders[self._depth] if self._depth < len(folders) else None


def _bytes_of(files: Files, name: str, max_bytes: int) -> bytes:
    with files.open(name) as file:
        return file.read(max_bytes + 1)


@contextmanager
def _unpacked(files: Files, name: str, folder: Path) -> Iterator[Path]:
    """A file of an archive on the disk for as long as it is needed: videos are read by their path."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    suffix = PurePosixPath(name).suffix
    with tempfile.NamedTemporaryFile(dir=folder, prefix=SCRATCH_PREFIX, suffix=suffix) as file:
        with files.open(name) as packed:
            while piece := packed.read(_STEP_BYTES):
                file.write(piece)
        file.flush()
        yield Path(file.name)
