# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions that a user sets refuse renders and preparation in real Blender; without them nothing changes."""

import json

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

GHOST = {"settings": {"swap.swapper": "ghost"}}


@pytest.fixture
def begin(footage, tmp_path):
    """Steps that make a project with a cast clip in a folder of the test's own."""
    return [
        ["project", {"size": [320, 240], "frames": [1, 2], "save": str(tmp_path / "project.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["environment", {"UNDERSTUDY_MODELS": str(tmp_path / "models")}],
    ]


def render(folder, name):
    return ["render", {"out": str(folder / f"{name}_"), "report": str(folder / f"{name}.json")}]


def errors(driver):
    return [line for line in driver.output.splitlines() if line.startswith("Understudy: Error: ")]


def test_a_model_that_is_not_for_commercial_use_is_refused_if_that_is_required(drive, begin, tmp_path):
    answers = drive(
        *begin,
        ["prefer", {"require_commercial": True}],
        render(tmp_path, "embedded"),
        ["tune", GHOST],
        render(tmp_path, "ghost"),
        ["op", {"name": "understudy.prepare", "active": "clip", "what": "TIMELINE"}],
        ["model_button", {"role": "swap", "name": "ghost"}],
        ["op", {"name": "understudy.write_licences", "filepath": str(tmp_path / "licences.json")}],
    )
    allowed, refused, prepared, button = answers[5], answers[7], answers[8], answers[9]
    assert allowed["refused"] == ""
    assert allowed["shown"]["swapped"] == 2
    assert len(list(tmp_path.glob("embedded_*.png"))) == 2
    line = errors(drive)[0]
    assert line.startswith("Understudy: Error: render refused: Face Swap of clip: ArcFace w600k_r50")
    assert "(embed/arcface), which swap/ghost needs, is not surely for commercial use" in line
    assert refused["refused"] in line
    assert not list(tmp_path.glob("ghost_*"))
    assert "Not prepared: Face Swap of clip: ArcFace" in prepared
    assert (
        button[1]
        .partition(". ")[2]
        .startswith("License: Apache-2.0, but it runs only with ArcFace w600k_r50")
    )
    models = json.loads((tmp_path / "licences.json").read_text())
    assert [model["family"] for model in models][2:] == ["ghost", "arcface", "ghost"]
