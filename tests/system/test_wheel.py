# SPDX-License-Identifier: GPL-3.0-or-later
"""The wheel in empty environments: with the oldest and the newest release of each library that it allows."""

import hashlib
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from understudy.core.errors import UnderstudyError
from understudy.core.media.open import open_clip

from tools.build_extension.package import ROOT
from tools.build_wheel import build

FRAMES = 10
# What pip prints where the package index can't be reached.
NO_NETWORK = (
    "NewConnectionError",
    "Name or service not known",
    "name resolution",
    "ConnectTimeout",
    "ProxyError",
)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    try:
        return build(tmp_path_factory.mktemp("wheel"))
    except UnderstudyError as error:
        pytest.skip(f"the wheel can't be made here: {error}")


def metadata_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


def requirements_of(wheel):
    """What the wheel needs, without its extras."""
    listed = map(Requirement, metadata_of(wheel).get_all("Requires-Dist"))
    return [requirement for requirement in listed if requirement.marker is None]


def version_bound(requirement, operator):
    (version,) = (entry.version for entry in requirement.specifier if entry.operator == operator)
    return version


def isolated_environment():
    """No variable of ours or of Python's leads back to the repository."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "UNDERSTUDY_", "VIRTUAL_ENV"))}
    return {**kept, "PYTHONNOUSERSITE": "1"}


def call(*words, cwd, timeout=300):
    return subprocess.run(
        [*map(str, words)],
        cwd=cwd,
        env=isolated_environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_the_wheel_says_its_version_and_licences(wheel):
    about = metadata_of(wheel)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert about["Version"] == project["version"]
    assert about["License-Expression"] == "GPL-3.0-or-later AND Apache-2.0"
    assert about.get_all("License-File") == ["LICENSE", "LICENSE.mediapipe.txt"]


def test_the_wheel_holds_the_models_that_the_manifest_names_and_nothing_of_the_developers(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        embedded = "understudy/core/models/embedded"
        listed = json.loads(archive.read(f"{embedded}/manifest.json"))["files"]
        for entry in listed:
            assert hashlib.sha256(archive.read(f"{embedded}/{entry['file']}")).hexdigest() == entry["sha256"]
        licence = archive.read(f"{embedded}/LICENSE.mediapipe.txt")
    assert licence == (ROOT / "LICENSE.mediapipe.txt").read_bytes()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"understudy"}
    ours = {name.split("/")[1] for name in names if name.startswith("understudy/")}
    assert ours == {"__init__.py", "core"}


@pytest.fixture(scope="module", params=["oldest", "newest"])
def installed(request, wheel, tmp_path_factory):
    """The folder of the programs of an environment with the wheel, and the version of each library in it."""
    place = tmp_path_factory.mktemp(request.param)
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    made = call(base, "-m", "venv", place / "env", cwd=place)
    assert made.returncode == 0, made.stderr
    programs = place / "env" / "bin"
    needed = requirements_of(wheel)
    pins = (
        [f"{entry.name}=={version_bound(entry, '>=')}" for entry in needed]
        if request.param == "oldest"
        else []
    )
    # The libraries come as wheels or not at all: a compiler at hand would hide that there are none.
    options = ["--no-input", "--only-binary=:all:", "--retries", "1"]
    done = call(programs / "python", "-m", "pip", "install", *options, wheel, *pins, cwd=place, timeout=900)
    if done.returncode and any(sign in done.stdout + done.stderr for sign in NO_NETWORK):
        pytest.skip("the package index can't be reached: nothing to install the libraries from")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    listed = call(programs / "python", "-m", "pip", "list", "--format", "json", cwd=place)
    versions = {entry["name"]: entry["version"] for entry in json.loads(listed.stdout)}
    print(f"\n{request.param}:", {entry.name: versions[entry.name] for entry in needed})
    return request.param, programs, versions


@pytest.mark.long
def test_the_environment_has_that_end_of_each_range(installed, wheel):
    end, _, versions = installed
    for entry in requirements_of(wheel):
        version = versions[entry.name]
        assert entry.specifier.contains(version), (entry.name, version)
        if end == "oldest":
            assert version.startswith(version_bound(entry, ">=")), (entry.name, version)


@pytest.mark.long
def test_the_doctor_finds_everything_intact(installed, tmp_path):
    _, programs, _ = installed
    done = call(programs / "understudy", "doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" is intact") == 3
    assert done.stdout.startswith(
        f"Understudy {tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']['version']},"
    )
    assert str(ROOT) not in done.stdout


@pytest.mark.long
def test_ten_frames_are_recast_and_read_back(installed, footage, tmp_path):
    _, programs, _ = installed
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(Path(footage.movie).read_bytes())
    recast = [programs / "understudy", "render", clip, "--face", footage.person, "--end", str(FRAMES - 1)]
    for name in ("first", "again"):
        report = tmp_path / f"{name}.json"
        done = call(*recast, "--output", tmp_path / f"{name}.mp4", "--report", report, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        swap = json.loads(report.read_text())["stages"]["swap"]
        assert (swap["run"], swap["hit"]) == ((FRAMES, 0) if name == "first" else (0, FRAMES))
    with open_clip(clip) as before, open_clip(tmp_path / "first.mp4") as after:
        assert after.info.frame_count == FRAMES
        for number in range(FRAMES):
            change = abs(after.read(number).astype(int) - before.read(number)).max(2)
            assert (change > 10).sum() > 1000, number


@pytest.mark.long
def test_a_wheel_without_its_models_says_how_to_get_them(installed, tmp_path):
    _, programs, _ = installed
    (package,) = programs.parent.glob("lib/*/site-packages/understudy")
    embedded = package / "core" / "models" / "embedded"
    aside = embedded.rename(package / "aside")
    try:
        doctor = call(programs / "understudy", "doctor", cwd=tmp_path)
        render = call(
            programs / "understudy", "render", "a.mp4", "--face", "b.png", "--output", "c.mp4", cwd=tmp_path
        )
    finally:
        aside.rename(embedded)
    assert doctor.returncode == 1
    assert "the embedded models blaze_face_full_192.onnx, face_mesh_attention_192.onnx" in doctor.stdout
    assert f"are missing in {embedded}: run `make wheel` in a checkout" in doctor.stdout
    assert render.returncode != 0
    assert "Traceback" not in render.stderr
