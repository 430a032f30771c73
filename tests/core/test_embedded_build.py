# SPDX-License-Identifier: GPL-3.0-or-later
"""Building the embedded models: the same each time, from the pinned wheel alone, and whole or not at all."""

import hashlib
import json
import zipfile

import pytest
from understudy.core.errors import ModelError, OutputError
from understudy.tools.embedded_models import build as building
from understudy.tools.embedded_models.__main__ import main
from understudy.tools.embedded_models.sources import LICENCE_FILE, MEDIAPIPE, SOURCES

from tests.core.embedded_wheel import ORACLES, REPOSITORY, SELFIE, WHEELS, built, needs_wheel, session

__all__ = ["built"]


@needs_wheel
def test_two_builds_are_the_same_byte_for_byte(built, tmp_path):
    building.build(tmp_path, WHEELS)
    names = {path.name for path in built.iterdir()}
    assert names == {path.name for path in tmp_path.iterdir()} == {*ORACLES, LICENCE_FILE, building.MANIFEST}
    for name in names:
        assert (built / name).read_bytes() == (tmp_path / name).read_bytes(), name


@needs_wheel
def test_manifest_says_what_each_file_is(built):
    manifest = json.loads((built / building.MANIFEST).read_text())
    entries = {entry["file"]: entry for entry in manifest["files"]}
    for file in ORACLES:
        entry, made = entries[file], session((built / file).read_bytes())
        assert entry["sha256"] == hashlib.sha256((built / file).read_bytes()).hexdigest()
        assert entry["licence"] == "Apache-2.0"
        assert entry["source_wheel_sha256"] == MEDIAPIPE.sha256
        assert [(v["name"], v["shape"]) for v in entry["inputs"]] == [
            (v.name, v.shape) for v in made.get_inputs()
        ]
        assert [(v["name"], v["shape"]) for v in entry["outputs"]] == [
            (v.name, v.shape) for v in made.get_outputs()
        ]
    assert "Apache License" in (built / LICENCE_FILE).read_text()


@needs_wheel
def test_second_build_needs_neither_wheel_nor_network(built, tmp_path):
    before = {path.name: path.stat().st_mtime_ns for path in built.iterdir()}
    assert building.build(built, tmp_path / "no wheels") is False
    assert {path.name: path.stat().st_mtime_ns for path in built.iterdir()} == before
    assert not (tmp_path / "no wheels").exists()


@pytest.mark.slow
@needs_wheel
@pytest.mark.parametrize("damage", ["changed", "missing", "manifest"])
def test_damaged_output_is_made_again(built, tmp_path, damage):
    output = tmp_path / "models"
    output.mkdir()
    for path in built.iterdir():
        (output / path.name).write_bytes(path.read_bytes())
    victim = output / (building.MANIFEST if damage == "manifest" else SELFIE)
    if damage == "missing":
        victim.unlink()
    else:
        victim.write_bytes(victim.read_bytes()[:-9])
    assert building.build(output, WHEELS) is True
    assert (output / SELFIE).read_bytes() == (built / SELFIE).read_bytes()
    assert building.build(output, WHEELS) is False


def test_wheel_with_another_checksum_is_refused_in_one_line(tmp_path, capsys):
    wheels, output = tmp_path / "wheels", tmp_path / "models"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / MEDIAPIPE.file, "w") as archive:
        archive.writestr(SOURCES[0].member, b"TFL3")
    with pytest.raises(ModelError, match="SHA-256"):
        building.build(output, wheels)
    assert main([str(output), "--wheels", str(wheels)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert MEDIAPIPE.file in line
    assert MEDIAPIPE.sha256 in line
    assert not output.exists()


def test_wheel_that_can_not_be_had_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    wheels, output = tmp_path / "wheels", tmp_path / "models"
    assert main([str(output), "--wheels", str(wheels)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "embedded.txt can't be downloaded" in line
    assert list(wheels.iterdir()) == []
    assert not output.exists()


@needs_wheel
def test_output_that_is_a_file_is_refused(tmp_path):
    output = tmp_path / "models"
    output.write_bytes(b"mine")
    with pytest.raises(OutputError, match="can't be written"):
        building.build(output, WHEELS)
    assert output.read_bytes() == b"mine"


def test_requirement_pins_the_wheel_that_is_verified():
    lines = (REPOSITORY / "requirements" / "embedded.txt").read_text().splitlines()
    (line,) = [line for line in lines if not line.startswith("#")]
    name, version = MEDIAPIPE.file.split("-")[:2]
    assert line == f"{name}=={version} --hash=sha256:{MEDIAPIPE.sha256}"
