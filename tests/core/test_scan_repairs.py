# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of a scan's problems beside what was repaired, dismissed or masked."""

import numpy as np
import pytest
from understudy.core.recipe import Recipe
from understudy.core.recipe.frame_ranges import Dismissal, Exclusion, Hold
from understudy.core.recipe.landmark_edits import LandmarkEdit, LandmarkKey
from understudy.core.recipe.request import Identity, SwapRequest
from understudy.core.scan.problems import PersonSeries, Problem, Reason, ScanResult
from understudy.core.scan.repairs import open_problems

from tests.core.roto_masks import HEIGHT, WIDTH, mask, rectangle, text

COUNT, STEP = 10, 20
COVER, YAW = Reason("cover", 60, 45.0), Reason("yaw", 61, 50.0)
AREA = Reason("area", 30, 25.0)


def result(*problems, missed=()):
    """Two people: one walks to the right, 20 pixels a frame, one stands still at the right; 100 pixels wide both."""
    frames = np.array([frame for frame in range(COUNT) if frame not in missed], np.int32)
    boxes = np.array([[10, 100, 110, 220]] * len(frames), np.float32)
    boxes[:, ::2] += STEP * frames[:, None]
    still = np.array([[350, 100, 450, 220]] * len(frames), np.float32)
    values = np.zeros((len(frames), 0), np.float32)
    series = tuple(PersonSeries(person, frames, values, own) for person, own in enumerate((boxes, still)))
    return ScanResult(problems, COUNT, 0, series, (WIDTH, HEIGHT))


def left_open(scanned, roto="", ranges=(), exclusions=()):
    return [
        (one.frame, one.person, "".join(reason.measure[0] for reason in one.reasons))
        for one in open_problems(scanned, exclusions, ranges, roto)
    ]


def test_repaired_and_dismissed_frames_are_no_problems():
    scanned = result(*(Problem(number, 0, (YAW,)) for number in range(2, 9)))
    ranges = Hold(2, 2), LandmarkEdit(3, 4, (LandmarkKey(3),), 0, 1), Dismissal(7, 8)
    assert left_open(scanned, ranges=ranges) == [(5, 0, "y"), (6, 0, "y")]
    assert left_open(scanned, ranges=ranges, exclusions=[Exclusion(5, 5, 2)]) == [(6, 0, "y")]


def test_a_dismissal_changes_no_request():
    """Keys and digests are made of what a request is in a frame, and of its text."""
    plain = SwapRequest(Identity(()), Recipe())
    dismissed = SwapRequest(Identity(()), Recipe(), dismissals=(Dismissal(1, 2),))
    assert dismissed.in_frame(1) is dismissed
    assert (dismissed, repr(dismissed), hash(dismissed)) == (plain, repr(plain), hash(plain))


def test_where_a_mask_is_on_the_face_what_covers_it_is_no_problem():
    """Other reasons stay, and so do other people's; the face has moved away from where the mask was drawn."""
    scanned = result(
        Problem(8, 0, (COVER, YAW)),
        Problem(8, 1, (COVER,)),
        Problem(9, 0, (AREA, COVER)),
        Problem(9, None, (YAW,)),
    )
    everything = [(8, 0, "cy"), (8, 1, "c"), (9, 0, "ac"), (9, None, "y")]
    assert left_open(scanned) == everything
    drawn = (0, rectangle(60, 150, 140, 180))
    for follow in ("similarity", "surface", "position"):
        for mode in ("subtract", "add"):
            masked = left_open(scanned, text(mask(drawn, follow=follow, mode=mode)))
            assert masked == [(8, 0, "y"), (8, 1, "c"), (9, None, "y")]
    # A mask that stands still is beside the face by now.
    assert left_open(scanned, text(mask(drawn))) == everything
    assert left_open(scanned, text(mask((0, rectangle(180, 150, 200, 180))))) == [
        (8, 0, "y"),
        (8, 1, "c"),
        (9, None, "y"),
    ]
    beside = text(mask((0, rectangle(120, 150, 300, 180)), follow="similarity"))
    assert left_open(scanned, beside) == everything


def test_a_mask_that_shows_nothing_in_a_frame_repairs_nothing_there():
    scanned = result(*(Problem(number, 0, (COVER,)) for number in (2, 8)))
    faded = mask((0, rectangle(60, 150, 140, 180)), follow="similarity")
    faded["layers"][0]["opacity"] = [[4, 1.0], [5, 0.0]]
    assert left_open(scanned, text(faded)) == [(8, 0, "c")]
    faded["layers"][0].update(opacity=1.0, blend="subtract")
    assert left_open(scanned, text(faded)) == [(2, 0, "c"), (8, 0, "c")]
    # Drawn where the face is not seen it keeps its place.
    unseen = text(mask((0, rectangle(180, 150, 200, 180)), follow="similarity"))
    assert left_open(result(Problem(8, 0, (COVER,)), missed=[0]), unseen) == []
    assert left_open(result(Problem(2, 0, (COVER,)), missed=[0]), unseen) == [(2, 0, "c")]


@pytest.mark.parametrize("roto", ["{", '{"masks": 5}', "[" * 1000])
def test_masks_that_can_not_be_read_repair_nothing(roto):
    assert left_open(result(Problem(2, 0, (COVER,))), roto) == [(2, 0, "c")]
