# SPDX-License-Identifier: GPL-3.0-or-later
"""Which program is started as Blender, and what is said where it can't be."""

import sys
from pathlib import Path

import pytest
from understudy.core.errors import FarmError
from understudy.core.farm.blender_program import find_blender, read_project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="programs are made by their mode")


def program(path, text="#!/bin/sh\n", mode=0o755):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def test_what_is_named_comes_before_the_environment_and_that_before_path(tmp_path):
    named, variable, on_path = (program(tmp_path / name / "blender") for name in "abc")
    environment = {"PATH": str(on_path.parent), "UNDERSTUDY_BLENDER": str(variable)}
    assert find_blender(str(named), environment) == named
    assert find_blender(None, environment) == variable
    assert find_blender(None, {"PATH": environment["PATH"]}) == on_path
    assert find_blender("blender", environment) == on_path
    bundle = program(tmp_path / "Blender.app" / "Contents" / "MacOS" / "Blender")
    assert find_blender(str(tmp_path / "Blender.app"), {}) == bundle


def test_what_is_no_program_is_named_with_where_it_was_named(tmp_path):
    file = program(tmp_path / "file", mode=0o644)
    with pytest.raises(FarmError, match=r"not there; check --blender"):
        find_blender(str(tmp_path / "gone"), {})
    with pytest.raises(FarmError, match=r"may run; check UNDERSTUDY_BLENDER"):
        find_blender(None, {"UNDERSTUDY_BLENDER": str(file)})
    with pytest.raises(FarmError, match="no blender on PATH"):
        find_blender(None, {"PATH": str(tmp_path)})


def test_a_program_that_is_not_blender_is_no_success(tmp_path):
    project = program(tmp_path / "p.blend", "")
    with pytest.raises(FarmError, match=r"can't be opened with .*: Blender ended with 0"):
        read_project(program(tmp_path / "other"), project)
    with pytest.raises(FarmError, match="can't be started"):
        read_project(program(tmp_path / "broken", "no program"), project)
    with pytest.raises(FarmError, match=r"gone\.blend is missing"):
        read_project(Path("/bin/true"), tmp_path / "gone.blend")
