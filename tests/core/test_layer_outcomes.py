# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run's pictures show, counted and said in a line."""

from understudy.core.reporting.layer_outcomes import NO_FACE, NO_MODIFIER, Outcomes


def test_new_faces_and_originals_are_counted_by_reason() -> None:
    outcomes = Outcomes()
    for faces, castings in ((1, 1), (2, 2), (0, 1), (0, 1), (0, 0)):
        outcomes.record_shown(faces, castings)
    outcomes.record_failure("clip.mp4 has no frame 12", "clip, frame 13: clip.mp4 has no frame 12")
    outcomes.record_failure("clip.mp4 has no frame 13", "clip, frame 14: clip.mp4 has no frame 13")
    assert outcomes.swapped_count == 2
    assert outcomes.original == {NO_FACE: 2, NO_MODIFIER: 1, "clip.mp4 has no frame": 2}
    assert [text.partition(":")[0] for text in outcomes.failures] == ["clip, frame 13", "clip, frame 14"]
    assert outcomes.summary(3) == (
        "3 faces swapped in 2 layers, 5 shown as the original "
        "(no face to replace: 2; clip.mp4 has no frame: 2; no modifier is enabled: 1)"
    )


def test_a_run_in_which_all_went_well_says_no_reasons() -> None:
    outcomes = Outcomes()
    outcomes.record_shown(1, 1)
    assert outcomes.summary(1) == "1 face swapped in 1 layer, 0 shown as the original"


def test_many_reasons_stay_one_line() -> None:
    outcomes = Outcomes()
    for number in range(6):
        for _ in range(number + 1):
            outcomes.record_failure(f"reason {'abcdef'[number]}", "")
    text = outcomes.summary(0)
    assert "reason f: 6; reason e: 5; reason d: 4; other reasons: 6" in text
    assert "\n" not in text
