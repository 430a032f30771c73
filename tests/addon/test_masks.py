# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender: masks that are drawn hold the original out, at the cost of a fuse, whatever is done to the project."""

import numpy as np
import pytest
from report_stages import stage_runs

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

COUNT, SIZE = 8, [320, 240]


def half(number):
    """The left half of the picture in a frame, below the numbers."""
    return [[0, 30], [160 + number, 30], [160 + number, 240], [0, 240]]


@pytest.fixture(scope="module")
def project(drive, footage):
    """A saved project with a recast and prepared clip, and its frames with and without the new face."""
    path = str(drive.folder / "masks.blend")
    drive(
        ["project", {"size": SIZE, "frames": [1, COUNT], "save": path}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["render", {"out": drive.out("plain")}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["op", {"name": "understudy.prepare", "active": "clip"}],
        ["render", {"out": drive.out("whole")}],
        ["save", {}],
    )
    return path, drive.pictures("plain", COUNT), drive.pictures("whole", COUNT)


def test_a_mask_holds_the_original_out_and_costs_a_fuse(drive, project):
    path, plain, whole = project
    report = str(drive.folder / "report.json")
    answers = drive(
        ["load", {"path": path}],
        ["mask_face", {"points": half(0), "size": SIZE, "follow": "NONE"}],
        ["render", {"out": drive.out("masked"), "report": report}],
        ["render", {"out": drive.out("again"), "report": report}],
        ["op", {"name": "understudy.mask_remove", "active": "clip", "index": 0}],
        ["render", {"out": drive.out("removed"), "report": report}],
    )
    assert [stage_runs(answers[place]) for place in (2, 3)] == [
        {"fuse": COUNT}
    ] * 2  # the report counts all renders
    assert stage_runs(answers[5]) == {"fuse": 2 * COUNT}
    masked, removed = drive.pictures("masked", COUNT), drive.pictures("removed", COUNT)
    for frame in plain:
        assert np.array_equal(masked[frame][32:, :156], plain[frame][32:, :156])
        assert np.array_equal(masked[frame][32:, 164:], whole[frame][32:, 164:])
        assert np.array_equal(removed[frame], whole[frame])
    assert any((whole[frame][32:, :156] != plain[frame][32:, :156]).any() for frame in plain)


def test_what_is_done_to_a_mask_reaches_the_modifier(drive, project):
    """By Blender's own editors and keyframes, by undo, and by a copy of the modifier's strip."""
    name = "Face Mask"
    answers = drive(
        ["load", {"path": project[0]}],
        ["go", {"frame": 3}],
        ["undo", {"push": "before", "times": 0}],
        ["mask_face", {"points": half(0), "size": SIZE, "number": 2}],
        ["undo", {"push": "drawn", "times": 0}],
        ["roto_masks", {}],
        ["shift_mask", {"name": name, "by": [0.1, 0]}],
        ["roto_masks", {}],
        ["undo", {"push": "moved", "times": 1}],
        ["roto_masks", {}],
        ["key_mask", {"name": name, "frame": 5}],
        ["key_mask", {"name": name, "frame": 7, "by": [0.2, 0]}],
        ["roto_masks", {}],
        ["split", {"name": "clip", "frame": 5}],
        ["op", {"name": "understudy.refresh"}],
        ["roto_masks", {"index": 1}],
    )
    drawn, moved, undone, keyed, copied = (answers[place] for place in (5, 7, 9, 12, 15))
    assert (drawn[0]["mode"], drawn[0]["follow"]) == ("subtract", "similarity")
    (layer,) = drawn[0]["layers"]
    (shape,) = layer["shapes"]
    assert shape["frame"] == 2
    assert len(shape["splines"][0]) == 4
    first = [masks[0]["layers"][0]["shapes"][0]["splines"][0][0][2] for masks in (drawn, moved, undone)]
    assert np.allclose(np.subtract(first, first[0]), [0, 0.1, 0], atol=1e-5)
    shapes = keyed[0]["layers"][0]["shapes"]
    assert [shape["frame"] for shape in shapes] == [4, 6]
    assert np.isclose(shapes[1]["splines"][0][0][2] - shapes[0]["splines"][0][0][2], 0.2, atol=1e-5)
    assert copied == keyed


def test_an_outline_is_a_layer_of_its_own_wound_so_that_a_feather_lies_outside(drive, project):
    """Each keeps the frame that it was drawn over."""
    answers = drive(
        ["load", {"path": project[0]}],
        ["mask_face", {"points": half(0), "size": SIZE, "number": 0, "feather": 5}],
        ["go", {"frame": 6}],
        ["mask_face", {"points": half(3)[::-1], "size": SIZE, "number": 5, "mask": 0, "smooth": True}],
        ["roto_masks", {}],
        ["drawn", {"active": "clip"}],
    )
    (mask,) = answers[4]
    assert mask["feather"] == 0.05
    assert [layer["shapes"][0]["frame"] for layer in mask["layers"]] == [0, 5]
    for layer, kind in zip(mask["layers"], ("vector", "auto"), strict=True):
        points = np.array(layer["shapes"][0]["splines"][0])[:, 2:4]
        x, y = points.T
        assert (np.roll(x, 1) * y - x * np.roll(y, 1)).sum() < 0
        assert layer["splines"][0]["handles"] == [[kind, kind]] * 4
    panel = answers[5]["Face Swap Repair"]
    assert {"understudy.mask_draw", "understudy.mask_add", "understudy.mask_remove"} <= set(panel)
    assert {f"UNDERSTUDY_PG_mask.{name}" for name in ("mask", "mode", "follow", "feather", "start")} <= set(
        panel
    )


@pytest.mark.every_blender
def test_a_mask_that_was_drawn_elsewhere_is_used(every_blender, footage):
    """It begins at the clip's frame that is shown where it is chosen, and none is left once there is none."""
    answers = every_blender(
        ["project", {"size": SIZE, "frames": [1, COUNT], "save": str(every_blender.folder / "used.blend")}],
        ["movie", {"name": "clip", "file": footage.movie, "start": 3}],
        ["cast_by_script", {"name": "clip", "picture": footage.person}],
        ["draw_mask", {"name": "made", "layers": [{"splines": [{}], "alpha": 0.5}]}],
        ["go", {"frame": 5}],
        ["op", {"name": "understudy.mask_add", "active": "clip"}],
        ["roto_masks", {}],
        ["use_mask", {"name": "made"}],
        ["roto_masks", {}],
        ["tune", {"settings": {"masks.0.start": 100, "masks.0.follow": "NONE"}}],
        ["key_mask", {"name": "made", "frame": 104}],
        ["roto_masks", {}],
        ["tune", {"settings": {"masks.0.mask": None}}],
        ["roto_masks", {}],
    )
    none, used, keyed, gone = (answers[place] for place in (6, 8, 11, 13))
    assert none == gone == []
    (layer,) = used[0]["layers"]
    assert (layer["opacity"], layer["shapes"][0]["frame"]) == (0.5, 2)
    assert keyed[0]["follow"] == "none"
    assert [shape["frame"] for shape in keyed[0]["layers"][0]["shapes"]] == [4]
