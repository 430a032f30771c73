# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparing a range for a farm: its exit code, its lines and its report. tests/farm has the command line for it."""

import json

import pytest
from damaged_project import BAD, LAST, STRICT_EXIT, make_damaged_project

from tests.addon.test_farm_facts import begin

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]


def ours(driver):
    return [line for line in driver.output.splitlines() if line.startswith("Understudy: ")]


def test_what_was_prepared_is_rendered_without_decoding(every_blender, footage):
    folder, steps = begin(every_blender, footage, "prepared")
    first, second = str(folder / "first.json"), str(folder / "second.json")
    prepare = ["prepare_headless", {"first": 1, "last": 4, "report": first}]
    renders = [["render", {"out": str(folder / "out_"), "report": report}] for report in (first, second)]
    *_, code, both, render = every_blender(*steps, ["setup", {"frame_end": 4}], prepare, *renders)
    assert code == 0
    assert [line for line in ours(every_blender) if " of 4" in line] == [
        f"Understudy: prepared {count} of 4" for count in range(1, 5)
    ]
    # A process has one report: what it prepared, and what it rendered then.
    assert (both["prepared"], both["range"], both["renders"]) == ("1-4", "1-4", 1)
    assert both["frames_decoded"] > 0
    assert (render["prepared"], render["range"], render["renders"]) == ("", "1-4", 1)
    assert (render["frames_decoded"], render["models_loaded"], render["shown"]["swapped"]) == (0, 0, 4)


def test_frames_that_fail_are_named_and_only_a_strict_preparation_fails(drive, footage):
    for name, strict in (("strict", True), ("lenient", False)):
        folder, steps = make_damaged_project(drive, footage, f"headless {name}")
        report = folder / "report.json"
        code = drive(
            *steps,
            ["setup", {"understudy__strict": strict}],
            ["prepare_headless", {"first": 1, "last": LAST, "report": str(report)}],
        )[-1]
        assert code == (STRICT_EXIT if strict else 0)
        facts = json.loads(report.read_text())
        assert facts["failed"] == ([BAD] if strict else [])
        assert (facts["prepared"], facts["range"], facts["renders"]) == (f"1-{LAST}", "", 0)
        errors = [line for line in ours(drive) if line.startswith("Understudy: Error: ")]
        assert [line.partition(": clip, ")[0] for line in errors] == (
            [f"Understudy: Error: frame {BAD} failed"] if strict else []
        )
        assert any(line.startswith(f"Understudy: Warning: clip, frame {BAD}: ") for line in ours(drive))
        assert f"{LAST - 1} faces swapped in {LAST - 1} layers, 1 shown as the original (" in ours(drive)[-1]


def test_it_is_refused_where_a_render_is(drive, footage):
    folder, steps = begin(drive, footage, "refused", footage.nobody)
    prepare = ["prepare_headless", {"first": 1, "last": 2, "report": str(folder / "report.json")}]
    assert drive(*steps, ["save", {}], prepare)[-1] == 1
    (line,) = ours(drive)
    assert line.startswith("Understudy: Error: nothing is prepared, since original faces would be shown (")
    assert "nobody.png" in line
    assert json.loads((folder / "report.json").read_text())["refused"] in line
