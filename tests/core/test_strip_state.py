# SPDX-License-Identifier: GPL-3.0-or-later
"""One truth in panel, status bar, overlay, reports, summary and JSON, for every combination of what can be wrong."""

from dataclasses import replace
from itertools import product

import pytest
from understudy.core.reporting.layer_outcomes import Outcomes
from understudy.core.reporting.render_action import RenderAction
from understudy.core.reporting.strip_state import (
    FrameCounts,
    PrepareProgress,
    StripFacts,
    StripState,
    StripStateKind,
    overlay_text,
    prepare_text,
    render_text,
    state_of_outcomes,
    state_text,
    status_text,
    strip_state,
)

TOTAL = 12
FAULTS = {
    "no face": "no face was found in nobody.png",
    "two faces": "two.png shows 2 faces",
    "missing file": "image missing",
    "missing model": "model missing (InSwapper)",
    "second modifier": "Face Swap 2: two.png shows 2 faces: choose one by its number from the left, 1 to 2",
}
CONDITIONS = (
    "no image", "no second image", *FAULTS, "unprepared", "part prepared", "stopped", "muted", "hidden", "failed",
)  # fmt: skip
COMBINATIONS = [
    frozenset(name for name, on in zip(CONDITIONS, switches, strict=True) if on)
    for switches in product((False, True), repeat=len(CONDITIONS))
]


def facts_of(conditions: frozenset[str]) -> StripFacts:
    """Return what is known of a strip of which these are true; a hidden layer is one that is muted by itself."""
    fault = next((FAULTS[name] for name in FAULTS if name in conditions), "")
    if "hidden" in conditions:
        fault = "layer is muted"
    swapped = 0 if "unprepared" in conditions else 5 if "part prepared" in conditions else TOTAL
    failed = 0
    if "failed" in conditions:
        failed = 2
        swapped = min(swapped, TOTAL - failed)
    return StripFacts(
        has_source=not conditions & {"no image", "no second image"},
        sourceless_modifier="Face Swap 2" if "no second image" in conditions else "",
        fault=fault,
        hidden="strip is muted" if "muted" in conditions else "",
        counts=FrameCounts(TOTAL, swapped),
        was_stopped="stopped" in conditions,
        failed=failed,
        failure="clip.mp4 has no frame" if failed else "",
    )


def surfaces(state: StripState) -> dict[str, str]:
    """Return every text that words a state."""
    return {
        "panel": state_text(state),
        "status bar": status_text("clip", state),
        "overlay": overlay_text(state, shows_original=True),
        "report": prepare_text(state, 0, 1.0),
        "summary": prepare_text(state, 0, None),
        "json": str(state.as_dict()["text"]),
    }


def expected_text(conditions: frozenset[str]) -> str:
    """Return what a strip's line is, by what an editor has to know first."""
    facts = facts_of(conditions)
    assert facts.counts is not None
    if "no second image" in conditions:
        return "Choose a face image for Face Swap 2"
    if "no image" in conditions:
        return "Choose a face image"
    if "muted" in conditions:
        return "Not rendered: strip is muted"
    if facts.fault:
        return f"Originals will be rendered: {facts.fault}"
    swapped = facts.counts.swapped
    if facts.failed and swapped + facts.failed == TOTAL:
        return "Ready, but 2 frames show the original (clip.mp4 has no frame)"
    if swapped == TOTAL:
        return f"All {TOTAL} ready"
    failed = ", 2 show the original (clip.mp4 has no frame)" if facts.failed else ""
    stopped = "Stopped: " if "stopped" in conditions else ""
    return f"{stopped}{swapped} of {TOTAL} ready{failed}"


def test_every_combination_has_one_truth_on_every_surface() -> None:
    assert len(COMBINATIONS) == 2 ** len(CONDITIONS)
    for conditions in COMBINATIONS:
        state = strip_state(facts_of(conditions))
        text = expected_text(conditions)
        shown = surfaces(state)
        assert shown["panel"] == shown["json"] == text, conditions
        assert shown["status bar"] == f"clip: {text}", conditions
        assert all(shown[name].startswith(text) for name in ("report", "summary")), conditions
        if state.kind is StripStateKind.HIDDEN:
            assert shown["overlay"] == "", conditions
        elif state.kind is not StripStateKind.READY:
            short = text.removeprefix("Originals will be rendered: ")
            assert shown["overlay"] == f"Original shown: {short}", conditions
        assert overlay_text(state, shows_original=False) == ""


def test_nothing_is_called_ready_where_nothing_was_swapped() -> None:
    for conditions in COMBINATIONS:
        state = strip_state(facts_of(conditions))
        for text in surfaces(state).values():
            claims_ready = "ready" in text.lower() and "0 of" not in text
            assert not claims_ready or state.counts.swapped > 0, (conditions, text)


def test_a_tick_stands_only_where_all_is_swapped_and_nothing_else_is_wrong() -> None:
    good = [conditions for conditions in COMBINATIONS if strip_state(facts_of(conditions)).is_good]
    assert set(good) == {frozenset(), frozenset({"stopped"})}
    assert not strip_state(replace(facts_of(frozenset()), has_warnings=True)).is_good


def test_what_can_not_work_can_not_be_prepared() -> None:
    for conditions in COMBINATIONS:
        blocked = conditions & {"no image", "no second image", *FAULTS, "muted", "hidden"}
        assert strip_state(facts_of(conditions)).can_prepare is not bool(blocked), conditions


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (StripFacts(), "Checking the layers"),
        (
            StripFacts(counts=FrameCounts(60), progress=PrepareProgress(12, 60, 3.2)),
            "Preparing 12 of 60, 3 s left",
        ),
        (StripFacts(progress=PrepareProgress(0, 60)), "Preparing 0 of 60"),
        (StripFacts(progress=PrepareProgress(1, 9, 125)), "Preparing 1 of 9, 2 min 5 s left"),
        (StripFacts(progress=PrepareProgress(1, 9, 3725)), "Preparing 1 of 9, 1 h 2 min left"),
        (StripFacts(counts=FrameCounts(60, 7)), "7 of 60 ready"),
        (StripFacts(counts=FrameCounts(60, 60)), "All 60 ready"),
        (StripFacts(counts=FrameCounts(1, 1)), "Ready"),
        (StripFacts(counts=FrameCounts(60, 1, outdated=59)), "1 of 60 ready, 59 outdated"),
        (
            StripFacts(counts=FrameCounts(60, 56, 4)),
            "Ready, but 4 frames show the original (no face found)",
        ),
        (
            StripFacts(counts=FrameCounts(60, 55, 4), failed=1, failure="the disk is full"),
            "Ready, but 5 frames show the original (no face found: 4; the disk is full: 1)",
        ),
        (StripFacts(counts=FrameCounts(60, 0, 60)), "Originals will be rendered: no face found"),
        (StripFacts(counts=FrameCounts(60, 0, 7)), "0 of 60 ready, 7 show the original (no face found)"),
        (
            StripFacts(counts=FrameCounts(3), failed=3, failure="bad\x1b[2J"),
            r"Originals will be rendered: bad\x1b[2J",
        ),
        (StripFacts(counts=FrameCounts(60, 60), failed=2, failure="old"), "All 60 ready"),
        (StripFacts(counts=FrameCounts(60, 60), was_stopped=True), "All 60 ready"),
    ],
)
def test_a_state_is_said_in_one_line(facts: StripFacts, text: str) -> None:
    assert state_text(strip_state(facts)) == text


def test_a_preparation_of_nothing_says_so() -> None:
    assert (
        prepare_text(strip_state(StripFacts(counts=FrameCounts(0))), 0, 0.04)
        == "No frame to prepare, 0 new, 0.0 s"
    )


def test_a_preparation_that_runs_says_in_the_status_bar_how_it_is_stopped() -> None:
    state = strip_state(StripFacts(progress=PrepareProgress(12, 60, 3)))
    assert status_text("clip", state) == "clip: Preparing 12 of 60, 3 s left (Esc stops)"


def test_the_json_has_the_numbers_that_the_line_names() -> None:
    state = strip_state(StripFacts(counts=FrameCounts(60, 50, 4, 3), failed=2, failure="gone"))
    assert state.as_dict() == {
        "state": "partly_ready",
        "text": "50 of 60 ready, 3 outdated, 6 show the original (no face found: 4; gone: 2)",
        "frames": 60,
        "swapped": 50,
        "original": 6,
        "outdated": 3,
        "reason": "gone",
        "frame": None,
    }


def test_a_runs_outcomes_are_worded_as_a_strip_is() -> None:
    outcomes = Outcomes()
    for faces in (1, 1, 0):
        outcomes.record_shown(faces, 1)
    outcomes.record_failure("clip.mp4 has no frame 12", "clip, frame 13: clip.mp4 has no frame 12")
    text = "Ready, but 2 frames show the original (no face found: 1; clip.mp4 has no frame: 1)"
    assert state_text(state_of_outcomes(outcomes)) == text
    assert state_text(state_of_outcomes(Outcomes())) == "0 of 0 ready"


def test_a_render_is_reported_in_a_few_words() -> None:
    assert render_text(60, 58, 2) == "60 frames, 58 swapped, 2 originals"
    assert render_text(1, 0, 1) == "1 frame, 0 swapped, 1 original"


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (RenderAction.RENDER, "Originals will be rendered: image missing"),
        (RenderAction.ASK, "Render will ask first: image missing"),
        (RenderAction.REFUSE, "Render will be refused: image missing"),
    ],
)
def test_the_state_says_what_a_render_will_do(action: RenderAction, text: str) -> None:
    state = strip_state(StripFacts(fault="image missing", render_action=action))
    assert state_text(state) == text
    assert overlay_text(state, shows_original=True) == "Original shown: image missing"
    assert state.is_bad
