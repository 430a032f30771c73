# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scan of a strip found, for one modifier: looked up beside drawing, from what is prepared."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...core.face.types import Pixels
from ...core.media.source import ClipSource
from ...core.recipe import Recipe
from ...core.recipe.frame_ranges import Exclusion, FrameRange
from ...core.recipe.redetection import Redetection
from ...core.recipe.request import Identity, SwapRequest
from ..layers.folders import cache_folder
from ..properties.landmark_properties import landmark_edits_of
from ..properties.mask_properties import roto_of
from ..properties.preferences import Preferences, preferences
from ..properties.range_properties import dismissals_of, exclusions_of, holds_of, redetections_of
from ..sequencer.strips import source_of
from .gallery import lookup_cache
from .lookups import open_lookup_session
from .people import face_selection_recipe, source_range

if TYPE_CHECKING:
    from ...core.scan.problems import ScanResult
    from ...core.scan.runs import ProblemRun


@dataclass(frozen=True)
class ScanView:
    """What a scan found, without what was measured, and the icon that shows this; None where nobody is seen."""

    result: "ScanResult"
    plot: int | None


@dataclass(frozen=True)
class ScanLookup:
    """What a scan of a stretch of a clip finds. What is blended how changes nothing of it, and is no part of it."""

    folder: Path
    preferences: Preferences
    source: ClipSource
    first: int
    last: int
    recipe: Recipe
    count: int
    """How often it was asked for."""
    redetections: tuple[Redetection, ...] = ()

    def fetch(self) -> "tuple[ScanResult, Pixels | None]":
        """See `Lookup`."""
        from ...core.scan.plot import draw_plots  # it imports OpenCV

        with open_lookup_session(self.folder, self.preferences) as session:
            request = SwapRequest(Identity(()), self.recipe, redetections=self.redetections)
            result = session.scan(self.source, self.first, self.last, request)
        count = result.frame_count + result.unknown_count
        series = tuple(replace(one, values=one.values[:0]) for one in result.series)
        return replace(result, series=series), draw_plots(result, range(self.first, self.first + count))

    def to_view(
        self, result: "tuple[ScanResult, Pixels | None]", make_icon: Callable[[Pixels], int]
    ) -> ScanView:
        """See `Lookup`."""
        flagged, plot = result
        return ScanView(flagged, None if plot is None else make_icon(plot))


def scan_lookup(scene: bpy.types.Scene, strip: Any, modifier: Any) -> ScanLookup:
    """Return the question what a scan of a strip finds for a modifier."""
    first, last = source_range(scene, strip)
    return ScanLookup(
        cache_folder(scene),
        preferences(),
        source_of(strip),
        first,
        last,
        face_selection_recipe(modifier),
        modifier.scan_count,
        redetections_of(modifier),
    )


def problem_runs_of(lookup: ScanLookup, view: ScanView, modifier: Any) -> "tuple[ProblemRun, ...]":
    """Return what is left of a scan's problems beside what a modifier repairs, as runs."""
    from ...core.scan.runs import problem_runs

    repairs = _repairs_of(modifier)
    key = "problems", lookup, id(view.result), *repairs
    return lookup_cache().get_or_compute(
        key, lambda: problem_runs(_open_result(view.result, *repairs).problems)
    )


def open_result(view: ScanView, modifier: Any) -> "ScanResult":
    """Return what a scan found with the problems alone that are left beside what a modifier repairs."""
    return _open_result(view.result, *_repairs_of(modifier))


def _repairs_of(modifier: Any) -> tuple[tuple[Exclusion, ...], tuple[FrameRange, ...], str]:
    ranges = (*holds_of(modifier), *landmark_edits_of(modifier), *dismissals_of(modifier))
    return exclusions_of(modifier), ranges, roto_of(modifier)


def _open_result(
    result: "ScanResult", exclusions: tuple[Exclusion, ...], ranges: tuple[FrameRange, ...], roto: str
) -> "ScanResult":
    from ...core.scan.repairs import open_problems

    return replace(result, problems=open_problems(result, exclusions, ranges, roto))
