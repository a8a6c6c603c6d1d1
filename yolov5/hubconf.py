"""Entry point of torch.hub: torch.hub.load("./yolov5", "custom", path="weights/yolov5/yolov5n.pt", source="local")."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

dependencies = ["torch", "cv2", "numpy"]


def custom(path: str, device: str = "cpu") -> Any:
    """A `yolov5.hub.HubModel` with the weights of a YOLOv5 v6/v7 .pt file; call it on a BGR picture or the path of one.

    path: the checkpoint; it is read as data, no code in it runs. device: as torch names it ("cpu", "cuda:0").
    """
    _make_package_known()
    return importlib.import_module("yolov5.hub").load_hub_model(Path(path), device)


def _make_package_known() -> None:
    """torch.hub runs this file from any folder, and puts this folder, not its parent, on the path."""
    if "yolov5" in sys.modules:
        return
    folder = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        "yolov5", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} is not the yolov5 package of Moveprint")
    package = importlib.util.module_from_spec(spec)
    sys.modules["yolov5"] = package
    spec.loader.exec_module(package)
