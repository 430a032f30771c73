# SPDX-License-Identifier: GPL-3.0-or-later
"""What is put in order by itself after an edit: which edits are noticed, and what is told where it fails."""

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]


def _project_step(drive, name):
    return ["project", {"size": [320, 240], "frames": [1, 8], "save": str(drive.folder / name / "p.blend")}]


def test_what_can_not_be_put_in_order_is_reported_until_it_is(drive, footage):
    (drive.folder / "unwritable").mkdir()
    (drive.folder / "unwritable" / "file").write_text("no folder")
    answers = drive(
        _project_step(drive, "unwritable"),
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["settled", {}],
        ["setup", {"understudy__cache_folder": str(drive.folder / "unwritable" / "file" / "cache")}],
        ["set_properties", {"clip": {"name": "other"}}],
        ["settled", {}],
        ["setup", {"understudy__cache_folder": "//understudy_cache/"}],
        ["set_properties", {"other": {"name": "clip"}}],
        ["settled", {}],
    )
    assert answers[3] == [None, ""]
    assert answers[6][0] is None
    assert answers[6][1].startswith("other: can't make the layer folder")
    assert answers[9] == [None, ""]


def test_an_unforeseen_fault_is_reported_once_and_not_run_into_at_each_edit(drive, footage):
    (drive.folder / "fault").mkdir()
    drive.complains = True
    try:
        answers = drive(
            _project_step(drive, "fault"),
            ["movie", {"name": "clip", "file": footage.movie}],
            ["cast", {"name": "clip", "picture": footage.person}],
            ["settled_failing", {"touches": 3}],
        )
    finally:
        drive.complains = False
    calls, returned, trouble = answers[-1]
    assert calls == 1
    assert returned == [None, None, None]
    assert "please report it (KeyError: 'unforeseen')" in trouble


def test_other_files_are_noticed_by_folder_count_first_and_last_and_no_address_is_compared(drive, footage):
    (drive.folder / "files").mkdir()
    answers = drive(
        _project_step(drive, "files"),
        ["pictures", {"name": "clip", "files": footage.files}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["fingerprint_changes", {"name": "clip"}],
        ["fingerprint_changes", {"name": "clip", "element": [0, "picture_005.png"]}],
        ["fingerprint_changes", {"name": "clip", "element": [11, "picture_004.png"]}],
        ["fingerprint_changes", {"name": "clip", "adds": "picture_004.png"}],
        ["fingerprint_changes", {"name": "clip", "into": "/somewhere/else/"}],
        ["into_meta", {"names": ["clip"]}],
        ["fingerprint_text", {}],
    )
    assert answers[3:8] == [False, True, True, True, True]
    assert "MetaStrip" in answers[9]
    assert "0x" not in answers[9]
