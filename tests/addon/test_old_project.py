# SPDX-License-Identifier: GPL-3.0-or-later
"""A project of commit 22253ac, opened and rendered in this Blender: no layer is made again."""

import pytest
from old_project import (
    FOLDER,
    STAGES_WITH_NEW_VERSION,
    copy_project,
    expected_misses,
    layers,
    layers_stay_current,
    mask_label,
    packs,
    read_entries,
    stage_of,
)

pytestmark = pytest.mark.blender

FRAMES = 7


def render(drive, project, name):
    """Render the project in a Blender of its own; returns the report."""
    environment = {"UNDERSTUDY_PROVIDER": "cpu", "UNDERSTUDY_MODELS": str(project / "models")}
    answers = drive(
        ["environment", environment],
        ["load", {"path": str(project / "project.blend")}],
        ["render", {"out": drive.out(name), "report": str(drive.folder / f"{name}.json")}],
    )
    assert len(drive.pictures(name)) == FRAMES
    return answers[-1]


def test_an_old_project_renders_from_its_cache_and_layers(drive):
    project = copy_project(drive.folder / "project")
    old_layers, old_packs, texts = layers(project), packs(project), read_entries(FOLDER).keys()
    report = render(drive, project, "first")
    assert report["warnings"] == []
    assert report["faces"] == FRAMES
    assert {name: data for name, data in packs(project).items() if name in old_packs} == old_packs
    changed = {
        stage_of(text) for group in expected_misses(texts) for text in group
    } | STAGES_WITH_NEW_VERSION.keys()
    for stage, counts in report["stages"].items():
        if stage not in changed and (stage != "fuse" or layers_stay_current(texts)):
            assert counts["run"] == 0, stage
            assert counts["hit"], stage
    now = layers(project)
    assert now.keys() == old_layers.keys()
    same = [mask_label(now[name]) == mask_label(old_layers[name]) for name in now]
    if layers_stay_current(texts) is False:
        assert not all(same)
    if not layers_stay_current(texts):
        return
    assert f"{FRAMES} layers, 0 shown as the original; 0 written, 0 decoded, 0 models loaded" in drive.output
    assert report["frames_decoded"] == report["models_loaded"] == report["pictures"]["run"] == 0
    assert all(same)
    # What a label says it was asked to be names the code, so this code's says another; from then on that is enough.
    assert all(now[name] != old_layers[name] for name in now)
    again = render(drive, project, "second")
    assert again["stages"]["fuse"] == {"run": 0, "hit": FRAMES, "seconds": 0.0}
    assert again["stages"]["landmark"]["hit"] == 0
    assert layers(project) == now
