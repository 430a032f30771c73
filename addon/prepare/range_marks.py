# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the ranges that a modifier mends, and the problems that a scan found, are seen in the timeline."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import bpy
import numpy as np

from ..lookups.gallery import lookup_cache
from ..lookups.scan_lookup import problem_runs_of, scan_lookup
from ..properties.range_properties import EXCLUDE, HOLD, REDETECT, range_spans


class MarkKind(Enum):
    """What is marked; a kind is drawn over those before it."""

    PROBLEM = "problem"
    REDETECT = "detected again"
    HOLD = "held"
    EXCLUDE = "excluded"


_RANGE_KINDS = {REDETECT: MarkKind.REDETECT, HOLD: MarkKind.HOLD, EXCLUDE: MarkKind.EXCLUDE}


@dataclass(frozen=True)
class ClipSpan:
    """Frames of a clip that are marked, the last one included."""

    first: int
    last: int
    kind: MarkKind


@dataclass(frozen=True)
class Mark:
    """Frames of the timeline, one after another, that are marked."""

    first: int
    end: int
    """The frame after the last."""
    kind: MarkKind


def clip_spans(scene: bpy.types.Scene, strip: Any, modifiers: Sequence[Any]) -> tuple[ClipSpan, ...]:
    """Return what the modifiers of a strip mark in its clip; problems as far as the last scan is still known."""
    spans = [
        ClipSpan(first, last, kind)
        for modifier in modifiers
        for name, kind in _RANGE_KINDS.items()
        for first, last in range_spans(modifier, name)
    ]
    for modifier in modifiers:
        lookup = scan_lookup(scene, strip, modifier) if modifier.scan_count else None
        result = None if lookup is None else lookup_cache().peek(lookup)
        if lookup is not None and result is not None:
            runs = problem_runs_of(lookup, result, modifier)
            spans += [ClipSpan(run.first, run.last, MarkKind.PROBLEM) for run in runs]
    return tuple(spans)


def marks_of(numbers: Sequence[int], first: int, spans: Iterable[ClipSpan]) -> tuple[Mark, ...]:
    """Return where frames of a clip are marked in the timeline.

    Parameters
    ----------
    numbers : sequence of int
        The clip's frame that is shown at each frame of the timeline, -1 where none is.
    first : int
        The first of these frames of the timeline.
    spans : iterable of ClipSpan
        What is marked.

    Returns
    -------
    tuple of Mark
        By kind, then by frame.
    """
    shown = np.asarray(numbers, np.int64)
    order = list(MarkKind)
    marked = {kind: np.zeros(len(shown), bool) for kind in order}
    for span in spans:
        marked[span.kind] |= (shown >= span.first) & (shown <= span.last)
    marks = []
    for kind in order:
        edges = np.flatnonzero(np.diff(marked[kind], prepend=False, append=False))
        pairs = edges.reshape(-1, 2).tolist()
        marks += [Mark(first + begin, first + end, kind) for begin, end in pairs]
    return tuple(marks)
