# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines whose libraries give other values share a cache, and never each other's results."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from footage.portrait import make_up_portrait, write_picture, write_sequence

SCRIPT = """
import json, sys
from pathlib import Path
from understudy.core.cache.settings import CacheSettings
from understudy.core.layers.job import LayerJob
from understudy.core.media.source import ClipSource
from understudy.core.recipe import Recipe
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.layer_session import LayerSession
from understudy.core.sessions.settings import RunSettings

folder = Path(sys.argv[1])
frames = tuple(sorted((folder / "frames").iterdir()))
request = SwapRequest(Identity((FaceImage(folder / "person.png"),)), Recipe())
layer = folder / "cache" / "layers" / "0123456789abcdef" / "000000.tif"
session = LayerSession(RunSettings(CacheSettings(folder / "cache"), safeguard=False))
session.update_layer(LayerJob("clip", 1, ClipSource(False, frames), 0, layer, (request,)))
report = session.as_dict()
session.close()
print(json.dumps({"runs": {name: count["run"] for name, count in report["stages"].items()},
                  "decoded": report["frames_decoded"], "warnings": report["warnings"]}))
"""


def claim_version(folder: Path, distribution: str, version: str) -> Path:
    """Make a folder that says, first in Python's path, that a library has a version."""
    about = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    return folder


def run(folder: Path, first_in_path: Path | None = None) -> dict[str, object]:
    environment = dict(os.environ)
    if first_in_path is not None:
        environment["PYTHONPATH"] = str(first_in_path)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(done.stdout)
    assert report["warnings"] == []
    return {"decoded": report["decoded"], **report["runs"]}


@pytest.mark.parametrize(
    ("folder", "file"),
    [("opencv_python-5.0.0.dist-info", "METADATA"), ("opencv_python.egg-info", "PKG-INFO")],
)
def test_first_distribution_in_the_path_counts_whatever_its_format(
    tmp_path: Path, folder: str, file: str
) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / file).write_text("Metadata-Version: 2.1\nName: opencv-python\nVersion: 5.0.0\n")
    code = (
        "from understudy.core.system.library_versions import library_inputs; print(library_inputs('opencv'))"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    # Of the two that may be there, the usual one comes first: without site-packages it is not there.
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path[:] = [p for p in sys.path if 'site-pack' not in p]; {code}",
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "{'opencv': '5.0'}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("distribution", "version", "is_apart"),
    [
        ("opencv-python-headless", "5.0.0.93", {"detect", "landmark", "embed", "swap", "fuse"}),
        pytest.param(
            "onnxruntime", "1.24.4", {"detect", "landmark", "embed", "swap", "fuse"}, marks=pytest.mark.long
        ),
        pytest.param(
            "numpy", "3.0.0", {"detect", "landmark", "embed", "swap", "fuse"}, marks=pytest.mark.long
        ),
        ("opencv-python-headless", "4.13.0.92", set()),
        pytest.param("av", "18.0.0", set(), marks=pytest.mark.long),
    ],
)
def test_results_of_other_values_are_kept_apart(
    tmp_path: Path, distribution: str, version: str, is_apart: set[str]
) -> None:
    write_sequence(tmp_path / "frames", 1, 320)
    write_picture(tmp_path / "person.png", make_up_portrait())
    first = run(tmp_path)
    assert {stage for stage, count in first.items() if count} >= {
        "detect",
        "landmark",
        "embed",
        "swap",
        "fuse",
    }
    other = claim_version(tmp_path / "other", distribution, version)
    again = run(tmp_path, other)
    assert {stage for stage, count in again.items() if count} - {"decoded"} == is_apart
    # Each finds its own results again; where the layer's file is the other's, it is fused anew.
    assert {stage for stage, count in run(tmp_path, other).items() if count} == set()
    assert {stage for stage, count in run(tmp_path).items() if count} <= {"fuse"}
