# SPDX-License-Identifier: GPL-3.0-or-later
"""What several renders of a process did, as one report."""

from understudy.core.reporting.layer_outcomes import Outcomes
from understudy.core.reporting.process_report import ProcessReport, RenderRecord, range_text
from understudy.core.reporting.stage_counts import StageCounter


def record(frames, failed=(), refusal="", began=10.0):
    counter, outcomes = StageCounter(), Outcomes()
    for frame in frames:
        counter.record_frame(1)
        if frame in failed:
            outcomes.record_failure("no model", f"frame {frame}: no model")
            counter.warn(f"frame {frame}: no model")
        else:
            outcomes.record_shown(1, 1)
            counter.record_hit("fuse")
    facts = {**counter.report(1, StageCounter()).as_dict(), "shown": outcomes.as_dict(), "seconds": 0.5}
    return RenderRecord(
        facts, outcomes, 0, tuple(frames), tuple(failed), len(frames) - len(failed), len(failed), refusal,
        began, began + 1,
    )  # fmt: skip


def test_numbers_are_added_and_lists_joined() -> None:
    report = ProcessReport({"blender": "4.5.1"})
    report.add(record([1, 2, 3], failed=[2], began=20.0))
    report.add(record([4], began=10.0))
    facts = report.as_dict()
    assert (facts["frames"], facts["models_loaded"], facts["seconds"]) == (4, 2, 1.0)
    assert facts["stages"]["fuse"]["hit"] == 3
    assert facts["shown"] == {"swapped": 3, "original": {"no model": 1}, "failures": ["frame 2: no model"]}
    assert facts["warnings"] == ["frame 2: no model"]
    assert facts["failed"] == [2]
    assert facts["result"] == "4 frames, 3 swapped, 1 original"
    assert facts["state"]["frames"] == 4
    assert (facts["range"], facts["renders"], facts["blender"]) == ("1-4", 2, "4.5.1")
    assert (facts["started"], facts["ended"]) == (10.0, 21.0)


def test_a_frame_that_was_rendered_again_has_not_failed() -> None:
    report = ProcessReport({})
    report.add(record([1, 2], failed=[2]))
    report.add(record([2]))
    assert report.as_dict()["failed"] == []


def test_a_range_is_written_as_farms_do() -> None:
    assert range_text([3, 1, 2, 7, 9, 10, 2]) == "1-3,7,9-10"
    assert range_text([]) == ""
    assert range_text([-2, -1, 0]) == "-2-0"


def test_a_report_since_another_has_what_came_after_it() -> None:
    counter, images = StageCounter(), StageCounter()
    with counter.measure("detect"), images.measure("detect"), counter.measure("enhance"):
        counter.record_frame(2)
    before = counter.report(2, images)
    with counter.measure("detect"):
        counter.record_frame(1)
    after = counter.report(3, images).since(before)
    assert (after.frames, after.faces, after.models_loaded) == (1, 1, 1)
    assert after.stages["detect"]["run"] == 1
    assert "enhance" not in after.stages
    assert after.source_images == {"run": 0, "hit": 0}
