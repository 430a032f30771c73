# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of a scan's problems beside what a person repaired."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from ..errors import RecipeError
from ..fusion.roto.raster import DrawnLayer, Window, draw_layers
from ..fusion.roto.shapes import layer_points, opacity_at
from ..recipe.frame_ranges import Exclusion, FrameRange, visibility_at
from ..recipe.roto import RotoLayer, RotoMask, RotoShape, neighbours
from ..recipe.roto_text import parse_roto
from .measures import MEASURES
from .problems import Problem, ScanResult

_FACE_PIXELS = 48
"""How large a face is at most where it is looked whether a mask is on it."""


def open_problems(
    result: ScanResult, exclusions: Sequence[Exclusion], ranges: Sequence[FrameRange], roto: str = ""
) -> tuple[Problem, ...]:
    """Return the problems that nobody repairs.

    Parameters
    ----------
    result : ScanResult
        What a scan found.
    exclusions : sequence of Exclusion
        Ranges that keep the original face.
    ranges : sequence of FrameRange
        Ranges that are held, corrected by hand or dismissed.
    roto : str
        Masks as `parse_roto` reads them; those that can't be read count for nothing.

    Returns
    -------
    tuple of Problem
        In their order, without what is before a face that one of the masks is on.
    """
    return tuple(_open_problems(result, exclusions, ranges, _DrawnMasks(result, roto)))


def _open_problems(
    result: ScanResult, exclusions: Sequence[Exclusion], ranges: Sequence[FrameRange], masks: "_DrawnMasks"
) -> Iterator[Problem]:
    for problem in result.problems:
        if visibility_at(exclusions, problem.frame) <= 0 or any(problem.frame in one for one in ranges):
            continue
        reasons = tuple(one for one in problem.reasons if not MEASURES[one.measure].is_cover)
        if len(reasons) == len(problem.reasons) or not masks.are_on(problem):
            yield problem
        elif reasons:
            yield replace(problem, reasons=reasons)


class _DrawnMasks:
    """Knows whose face masks are on: on whose they were drawn, since they move along with it."""

    def __init__(self, result: ScanResult, roto: str) -> None:
        try:
            self._masks = parse_roto(roto)
        except RecipeError:  # it is said where the masks are drawn
            self._masks = ()
        self._size = result.size
        self._series = {one.person: one for one in result.series}
        self._is_on = cache(self._covers)

    def are_on(self, problem: Problem) -> bool:
        """Tell whether a mask is on the person's face in the frame of a problem."""
        return any(
            opacity_at(layer, problem.frame) > 0
            and any(
                self._is_on(layer, shape, self._box(problem, mask, shape))
                for shape in neighbours(layer, problem.frame)
            )
            for mask in self._masks
            for layer in mask.layers
        )

    def _box(self, problem: Problem, mask: RotoMask, shape: RotoShape) -> tuple[float, ...]:
        """Return where the face is in the keyframe's frame; else, and of a mask that stands still, in the problem's."""
        if problem.person is None:
            return ()
        series = self._series[problem.person]
        for frame in (problem.frame,) if mask.follow == "none" else (shape.frame, problem.frame):
            place = int(np.searchsorted(series.frames, frame))
            if place < len(series.frames) and series.frames[place] == frame:
                return tuple(series.boxes[place].tolist())
        return ()

    def _covers(self, layer: RotoLayer, shape: RotoShape, box: tuple[float, ...]) -> bool:
        """Tell whether a layer, as it is in a keyframe, shows anything within a box; in an empty one it does not."""
        if not box:
            return False
        scale = _FACE_PIXELS / max(box[2] - box[0], box[3] - box[1], _FACE_PIXELS)
        left, top, right, bottom = (round(side * scale) for side in box)
        width, height = (max(round(side * scale), 1) for side in self._size)
        window = Window((width, height), left, top, max(right - left, 1), max(bottom - top, 1))
        points = layer_points(layer, shape.frame, lambda one: one.splines)
        return bool(draw_layers([DrawnLayer(layer, points, 1.0)], window).any())
