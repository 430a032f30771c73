# SPDX-License-Identifier: GPL-3.0-or-later
"""What previews compare, in every Blender: it lies where Blender draws it, is off after loading, and never rendered."""

import cv2
import numpy as np
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

SIZE, CANVAS = (160, 120), (320, 240)
COLORS = {
    (30, 30): (200, 30, 30),
    (130, 30): (30, 200, 30),
    (30, 90): (30, 30, 200),
    (130, 90): (200, 200, 30),
}
"""The colors of squares around points, counted from the frame's lower left corner."""
TURNED = {
    "transform__offset_x": 13.0,
    "transform__offset_y": -9.0,
    "transform__scale_x": 0.9,
    "transform__scale_y": 1.2,
    "transform__rotation": 0.4,
    "transform__origin": (0.3, 0.6),
    "use_flip_x": True,
}
IN_META = {
    "transform__offset_x": -21.0,
    "transform__scale_x": 0.8,
    "transform__scale_y": 0.8,
    "transform__rotation": -0.2,
    "use_flip_y": True,
}


def test_a_frame_is_where_blender_draws_it(every_blender):
    path = every_blender.folder / "squares.png"
    image = np.zeros((*SIZE[::-1], 3), np.uint8)
    for (x, y), color in COLORS.items():
        image[SIZE[1] - y - 15 : SIZE[1] - y + 15, x - 15 : x + 15] = color[::-1]
    cv2.imwrite(str(path), image)
    points = list(COLORS)
    plain = {"transform__scale_x": 1.0, "transform__scale_y": 1.0}
    half = plain | {"transform__rotation": 0.3}
    cases = (
        ("plain", plain, None, 100), ("half", half, None, 50), ("turned", TURNED, None, 100),
        ("meta", TURNED, IN_META, 100),
    )  # fmt: skip
    for name, own, meta, percent in cases:
        answers = every_blender(
            ["project", {"size": list(CANVAS), "frames": [1, 1]}],
            ["setup", {"render__resolution_percentage": percent}],
            ["still", {"name": "squares", "file": str(path), "length": 5}],
            ["adjust", {"name": "squares", **own}],
            *([["into_meta", {"names": ["squares"]}], ["adjust", {"name": "MetaStrip", **meta}]] if meta else []),
            ["placed", {"name": "squares", "size": list(SIZE), "points": points}],
            ["render", {"out": every_blender.out(name)}],
        )  # fmt: skip
        (rendered,) = every_blender.pictures(name).values()
        height, width = rendered.shape[:2]
        for point, (x, y) in zip(points, answers[-2], strict=True):
            column, row = round(x + width / 2), round(height / 2 - y)
            assert np.abs(rendered[row, column].astype(int) - COLORS[point]).max() < 10, (
                name,
                point,
                column,
                row,
            )


def test_what_is_compared_is_off_after_loading_and_changes_no_render(drive, footage):
    blend = str(drive.folder / "compared.blend")
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 2], "save": blend}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["render", {"out": drive.out("off")}],
        ["flips", {"modes": ["OFF", "SPLIT", "DIFFERENCE"]}],
        ["compared", {"mode": "ORIGINAL"}],
        ["render", {"out": drive.out("original")}],
        ["save", {}],
        ["load", {"path": blend}],
        ["compared", {}],
    )
    assert answers[4] == ["ORIGINAL", "OFF", "ORIGINAL", "SPLIT", "ORIGINAL", "DIFFERENCE"]
    assert answers[5] == ["ORIGINAL", 0.2]
    assert answers[-1] == ["OFF", 0.5]
    off, original = drive.pictures("off", 2), drive.pictures("original", 2)
    assert all(np.array_equal(off[frame], original[frame]) for frame in off)


def test_what_can_not_be_compared_is_said(drive):
    others = [{}, {"view_transform": "AgX"}, {"look": "High Contrast"}, {"exposure": 0.5}, {"gamma": 1.2},
              {"use_curve_mapping": True}]  # fmt: skip
    plain, *reasons, own = drive(
        ["project", {"size": [320, 240], "frames": [1, 1]}], ["compare_reasons", {"settings": others}]
    )[-1]
    assert plain == own == ""
    assert len(reasons) == 5
    assert all("view transform to Standard" in reason for reason in reasons)


def test_two_takes_are_compared_and_only_fused_for_it(drive, footage):
    (drive.folder / "takes").mkdir()

    def pixels(name):
        return ["compared_take_facts", {"out": str(drive.folder / f"{name}.npz")}]

    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 2], "save": str(drive.folder / "takes" / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["take", {"picture": footage.second_person, "name": "second"}],
        ["prepare_takes", {}],
        ["live_begin", {}],
        ["live_frame", {"frame": 2}],
        ["compare_with", {"index": 0}],
        ["live_edit", {}],
        pixels("second"),
        ["show_take", {"place": 0}],
        ["compare_with", {"index": 1}],
        ["live_edit", {}],
        pixels("first"),
        ["render", {"out": drive.out("compared")}],
        ["tune", {"settings": {"fusion.blend": 0.4}}],
        ["live_edit", {}],
        pixels("tuned"),
        ["compare_with", {"index": 0}],
        ["compared_take_facts", {}],
        ["take", {"picture": footage.second_person, "name": "third", "settings": {"swap.shape": 0.3}}],
        ["show_take", {"place": 0}],
        ["compare_with", {"index": 2}],
        ["live_edit", {}],
        ["compared_take_facts", {}],
        ["show_take", {"place": 2}],
        ["op", {"name": "understudy.take_remove", "active": "clip"}],
        ["compared_take_facts", {}],
        ["compare_with", {"index": -1}],
        ["compared_take_facts", {}],
        ["live_end", {}],
        ["tune", {"settings": {"fusion.blend": 1.0}}],
        ["show_take", {"place": 0}],
        ["render", {"out": drive.out("plain")}],
    )
    assert (answers[7], answers[9]["reason"], answers[9]["names"]) == ("SPLIT", "", ["Take 1", "second"])
    assert (answers[13]["reason"], answers[13]["names"]) == ("", ["second", "Take 1"])
    second, first, tuned = (np.load(drive.folder / f"{name}.npz") for name in ("second", "first", "tuned"))
    # The other take is what the preview shows of it once it is flipped to.
    assert np.array_equal(first["other"], second["result"])
    assert np.array_equal(first["result"], second["other"])
    assert not np.array_equal(first["other"], first["result"])
    # It follows the settings as well, and no model runs for it.
    edited = answers[16]["facts"]
    assert not np.array_equal(tuned["other"], first["other"])
    assert edited["models_loaded"] == edited["frames_decoded"] == 0
    assert edited["stages"]["fuse"]["run"] == answers[12]["facts"]["stages"]["fuse"]["run"] + 2
    assert "Take 1 is the take that is shown" in answers[19]["reason"]
    assert answers[24]["reason"].startswith("third: ")
    assert "not prepared" in answers[24]["reason"]
    assert "is gone" in answers[27]["reason"]
    assert (answers[29]["reason"], answers[29]["names"]) == ("", None)
    compared, plain = drive.pictures("compared", 2), drive.pictures("plain", 2)
    assert all(np.array_equal(compared[frame], plain[frame]) for frame in plain)
