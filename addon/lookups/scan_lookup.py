# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scan of a strip found, for one modifier, and its plots: looked up beside drawing, from what is prepared."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import bpy

from ...core.face.types import Pixels
from ...core.media.source import ClipSource
from ...core.recipe import Recipe, Swap
from ...core.recipe.frame_ranges import Exclusion, FrameRange
from ...core.recipe.redetection import Redetection
from ...core.recipe.request import Identity, SwapRequest
from ..layers.folders import cache_folder
from ..properties.identity_properties import identity_of
from ..properties.landmark_properties import landmark_edits_of
from ..properties.mask_properties import roto_of
from ..properties.preferences import Preferences, preferences
from ..properties.range_properties import dismissals_of, exclusions_of, holds_of, redetections_of
from ..properties.scene_properties import recipe_of
from .clip_source import clip_source
from .gallery import lookup_cache
from .lookups import open_lookup_session
from .people import source_range, without_swap

if TYPE_CHECKING:
    from ...core.scan.problems import Problem, ScanResult
    from ...core.scan.runs import ProblemRun


@dataclass(frozen=True)
class ScanLookup:
    """What a scan of a stretch of a clip finds. What is blended how changes nothing of it, and is no part of it.

    Nor is what is put on the faces: a scan knows of the swaps what they were when it was made.
    """

    folder: Path
    preferences: Preferences
    source: ClipSource
    first: int
    last: int
    recipe: Recipe
    count: int
    """How often it was asked for."""
    redetections: tuple[Redetection, ...] = ()
    identity: Identity = field(default=Identity(()), compare=False)
    swap: Swap = field(default=Swap(), compare=False)

    def fetch(self) -> "ScanResult":
        """See `Lookup`."""
        with open_lookup_session(self.folder, self.preferences) as session:
            recipe = replace(self.recipe, swap=self.swap)
            request = SwapRequest(self.identity, recipe, redetections=self.redetections)
            return session.scan(self.source, self.first, self.last, request)

    def to_view(self, result: "ScanResult", _make_icon: Callable[[Pixels], int]) -> "ScanResult":
        """See `Lookup`."""
        return result


@dataclass(frozen=True, eq=False)
class PlotView:
    """The icon that shows what a scan measured, None where that is nothing; and what is drawn in it."""

    icon: int | None
    result: "ScanResult"
    problems: "tuple[Problem, ...]"
    """Those that are red."""


@dataclass(frozen=True)
class PlotLookup:
    """The plots of a scan. It has one image at a time, whatever is drawn in it: the next one takes its place."""

    scan: ScanLookup
    result: "ScanResult" = field(compare=False)
    problems: "tuple[Problem, ...]" = field(compare=False)
    """Those that are red."""

    def fetch(self) -> "tuple[PlotLookup, Pixels | None]":
        """See `Lookup`."""
        from ...core.scan.plot import draw_plots  # it imports OpenCV

        count = self.result.frame_count + self.result.unknown_count
        numbers = range(self.scan.first, self.scan.first + count)
        return self, draw_plots(replace(self.result, problems=self.problems), numbers)

    def to_view(
        self, result: "tuple[PlotLookup, Pixels | None]", make_icon: Callable[[Pixels], int]
    ) -> PlotView:
        """See `Lookup`."""
        plot, image = result
        return PlotView(None if image is None else make_icon(image), plot.result, plot.problems)


def scan_lookup(scene: bpy.types.Scene, strip: Any, modifier: Any) -> ScanLookup:
    """Return the question what a scan of a strip finds for a modifier."""
    first, last = source_range(scene, strip)
    recipe = recipe_of(modifier)
    return ScanLookup(
        cache_folder(scene),
        preferences(),
        clip_source(strip),
        first,
        last,
        without_swap(recipe),
        modifier.scan_count,
        redetections_of(modifier),
        identity_of(modifier.identity),
        recipe.swap,
    )


class OpenProblems(NamedTuple):
    """What is left of a scan's problems beside what a modifier repairs: frame by frame, and as runs."""

    problems: "tuple[Problem, ...]"
    runs: "tuple[ProblemRun, ...]"


def open_problems_of(lookup: ScanLookup, result: "ScanResult", modifier: Any) -> OpenProblems:
    """Return what is left of a scan's problems. Every repair is looked at: whoever draws asks once."""
    repairs = _repairs_of(modifier)
    key = "problems", lookup, id(result), *repairs
    return lookup_cache().get_or_compute(key, lambda: _find_open_problems(result, *repairs))


def problem_runs_of(lookup: ScanLookup, result: "ScanResult", modifier: Any) -> "tuple[ProblemRun, ...]":
    """Return what is left of a scan's problems as runs."""
    return open_problems_of(lookup, result, modifier).runs


def open_result(lookup: ScanLookup, result: "ScanResult", modifier: Any) -> "ScanResult":
    """Return what a scan found with the problems alone that are left."""
    return replace(result, problems=open_problems_of(lookup, result, modifier).problems)


def plot_icon(lookup: ScanLookup, result: "ScanResult", problems: "tuple[Problem, ...]") -> int | None:
    """Return the icon that shows what a scan measured, with these problems red; None where there is none.

    Where it shows others, it is drawn anew beside drawing, and is shown as it was until then.
    """
    plot = PlotLookup(lookup, result, problems)
    view = lookup_cache().get(plot)
    if view is not None and (view.result is not result or view.problems != problems):
        view = lookup_cache().get(plot, max_age_seconds=0)
    return None if view is None else view.icon


def _repairs_of(modifier: Any) -> tuple[tuple[Exclusion, ...], tuple[FrameRange, ...], str]:
    ranges = (*holds_of(modifier), *landmark_edits_of(modifier), *dismissals_of(modifier))
    return exclusions_of(modifier), ranges, roto_of(modifier)


def _find_open_problems(
    result: "ScanResult", exclusions: tuple[Exclusion, ...], ranges: tuple[FrameRange, ...], roto: str
) -> OpenProblems:
    from ...core.scan.repairs import open_problems
    from ...core.scan.runs import problem_runs

    problems = open_problems(result, exclusions, ranges, roto)
    return OpenProblems(problems, problem_runs(problems))
