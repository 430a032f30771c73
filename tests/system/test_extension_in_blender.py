# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip in real Blender with an empty profile: it brings what it needs, and recasts ten frames."""

import json
import os
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from tools.build_extension.package import ROOT

pytestmark = pytest.mark.blender

FRAMES = 10
SCRIPT = Path(__file__).parent / "scripts" / "recast_with_zip.py"
# The module `bpy` and what it requires itself.
BLENDERS_OWN = (
    "bpy*",
    "numpy*",
    "requests*",
    "urllib3*",
    "certifi*",
    "idna*",
    "charset_normalizer*",
    "zstandard*",
)


@pytest.fixture(scope="module")
def run(package, footage, tmp_path_factory):
    """What a Python with Blender and none of our libraries printed, and the folder of what it made."""
    if find_spec("bpy") is None:
        pytest.skip("there is no `bpy` here")
    place = tmp_path_factory.mktemp("clean")
    site, made = place / "site", place / "made"
    site.mkdir()
    made.mkdir()
    packages = Path(find_spec("bpy").origin).parents[1]
    for pattern in BLENDERS_OWN:
        for path in packages.glob(pattern):
            (site / path.name).symlink_to(path)
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "BLENDER", "UNDERSTUDY_"))
    }
    environment |= {"PYTHONPATH": str(site), "BLENDER_USER_RESOURCES": str(place / "profile")}
    environment["UNDERSTUDY_REPORT"] = str(made / "report.json")
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    done = subprocess.run(
        [python, "-S", SCRIPT, package, footage.movie, footage.person, made, str(FRAMES)],
        env=environment,
        cwd=made,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    return done.stdout, made


def test_its_libraries_come_from_the_zip(run):
    output, made = run
    paths = next(line for line in output.splitlines() if line.startswith("FROM ")).split()[1:]
    assert all(path.startswith(str(made.parent / "profile")) for path in paths), paths
    assert "ASKS True" in output  # the system's keyring was found by what its wheel says of itself


def test_the_doctor_is_content_and_says_the_version(run):
    output, _ = run
    version = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))["version"]
    assert f"Understudy {version}, Python" in output
    assert output.count(" is intact") == 3
    assert "DOCTOR 0" in output


def test_ten_frames_are_recast_and_only_the_face_changes(run):
    _, made = run
    report = json.loads((made / "report.json").read_text())
    assert report["frames"] == report["faces"] == report["stages"]["fuse"]["run"] == FRAMES
    assert report["warnings"] == []
    for number in range(1, FRAMES + 1):
        plain, recast = (cv2.imread(str(made / f"{name}_{number:04d}.png")) for name in ("plain", "recast"))
        change = np.abs(plain.astype(int) - recast).max(2)
        assert (change > 8).sum() > 1000
        assert not change[:24].any()  # the frame's number, above the face
