"""One process for one measurement of a job on datasets, so that its memory is its own.

python -m webapp.bench.dataset_jobs import FOLDER | export FORMAT | peer FOLDER | codec FOLDER, with the instance
directory in MOVEPRINT_INSTANCE_DIR. The last line is a JSON object: s, peak_mb, and what the job says of itself.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image
from sqlalchemy import select

from webapp.config import Settings, load_settings
from webapp.core.errors import MoveprintError
from webapp.core.skeleton import COCO_17
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Dataset
from webapp.db.engine import transaction
from webapp.db.schema import upgrade
from webapp.db.standalone import database_app
from webapp.jobs.claims import claim
from webapp.jobs.running import run_claimed
from webapp.services.datasets import create_dataset
from webapp.services.jobs import create_job, result_of

NAME = "bench"
_QUALITY = 95
_FOR_CODEC = 500


def main(what: str, argument: str) -> dict[str, object]:
    """Do it, and answer what was measured."""
    if what == "peer":
        return _measured(lambda: {"pictures": _plain_loop(Path(argument))})
    if what == "codec":
        files = [path.read_bytes() for path in sorted(Path(argument).glob("images/*"))[:_FOR_CODEC]]
        return _measured(lambda: {"pictures": _decoded_and_encoded(files)})
    settings = load_settings()
    with database_app(settings).app_context():
        upgrade()
        account = owner()
        dataset = _dataset(account)
        if what == "import":
            parameters: dict[str, object] = {"from": argument, "format": "coco", "session": NAME, "people": "none"}
        else:
            parameters = {"format": argument, "version": None, "states": ["reviewed"], "side_px": 128}
        job_id = create_job(account, what, dataset.id, parameters).id
        return _measured(lambda: _done(settings, job_id))


def _measured(work: Callable[[], dict[str, object]]) -> dict[str, object]:
    started, started_cpu = time.perf_counter(), time.process_time()
    said = work()
    taken_s, cpu_s = time.perf_counter() - started, time.process_time() - started_cpu
    return {**said, "s": round(taken_s, 3), "cpu_s": round(cpu_s, 3), "peak_mb": round(_peak_mb(), 1)}


def _peak_mb() -> float:
    """The most memory that this process had; getrusage would count what its parent had before."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on macOS


def _done(settings: Settings, job_id: str) -> dict[str, object]:
    held = claim(job_id)
    assert held is not None
    job = run_claimed(settings, held)
    if job is None or job.state != "succeeded":
        raise MoveprintError(f"the job to be measured did not succeed: {job and job.message}")
    return dict(result_of(job))


def owner() -> User:
    """The account that everything belongs to, made where it is missing; nobody can log in with it."""
    account = db.session.scalar(select(User).where(User.username == NAME))
    if account is None:
        with transaction() as session:
            account = User(username=NAME, username_key=NAME, active=True, password="-", fs_uniquifier=NAME)
            session.add(account)
    return account


def _dataset(account: User) -> Dataset:
    dataset = db.session.scalar(select(Dataset).where(Dataset.owner_id == account.id))
    return dataset or create_dataset(account, NAME, COCO_17)


def _plain_loop(folder: Path) -> int:
    """What a script does in its stead: pycocotools' index, Pillow to decode and encode anew, no rows, no thumbnails."""
    from pycocotools.coco import COCO  # the tools of the tests: not there in an installation

    index = COCO(str(next(folder.glob("*.json"))))
    out = folder / "again"
    out.mkdir()
    for number, picture in enumerate(index.loadImgs(index.getImgIds())):
        index.loadAnns(index.getAnnIds(picture["id"]))
        with Image.open(folder / "images" / picture["file_name"]) as image:
            image.convert("RGB").save(out / f"{number:06}.jpg", "JPEG", quality=_QUALITY)
    return len(index.imgs)


def _decoded_and_encoded(files: Sequence[bytes]) -> int:
    """What no import can do without, on one core: nothing is read, checked, hashed or written."""
    for data in files:
        with Image.open(io.BytesIO(data)) as image:
            image.save(io.BytesIO(), "JPEG", quality=_QUALITY)
    return len(files)


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
