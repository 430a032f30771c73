# SPDX-License-Identifier: GPL-3.0-or-later
"""What the time from a change to the changed screen went into, told from Blender's own callbacks while it drew.

Blender draws a window region by region, the sequencer's preview among them, and shows all of it at once. A preview
calls back after it has made the sequencer's picture (the layer is read and put above the clip's frame, which Blender
still has) and handed it to OpenGL. Before that nothing calls: the last call of the region before it stands for its
beginning. Source: `sequencer_preview_region_draw` in space_sequencer/sequencer_preview_draw.cc of Blender 5.x.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

_PICTURE_EVENT, _OVERLAY_EVENT = ("PREVIEW", "POST_VIEW"), ("PREVIEW", "POST_PIXEL")


class Drawing(NamedTuple):
    """One callback."""

    moment: float
    """Milliseconds since the change."""
    region: str
    """The kind of region, such as "PREVIEW" or "HEADER"."""
    number: int
    """Which region of the window it is."""
    event: str
    """"PRE_VIEW", "POST_VIEW" or "POST_PIXEL", as Blender calls them."""


@dataclass(frozen=True)
class Phases:
    """Milliseconds, one after the other: together they are all the time until a change was seen, or drawn."""

    until_drawing: float
    """Until the first callback of the redraw that was seen: our handler, which fuses the layer and writes it,
    Blender's update of the scene, and the drawing of the first region, a header. Where an earlier redraw did not
    show the change yet, that one too, with its way to the screen."""
    regions: float
    """Drawing the other regions that come before the preview: timeline, Properties editor, headers."""
    picture: float
    """Making the preview's picture and handing it to OpenGL."""
    rest: float
    """From there to the end: what is drawn above the picture, OpenGL itself, and the screen, as far as there is one."""


def redraws(drawings: Sequence[Drawing]) -> list[list[Drawing]]:
    """Part callbacks into redraws of the window: one begins where a region calls for what it has called for before."""
    parted: list[list[Drawing]] = []
    called: set[tuple[int, str]] = set()
    for entry in drawings:
        what = (entry.number, entry.event)
        if what in called or not parted:
            parted.append([])
            called.clear()
        called.add(what)
        parted[-1].append(entry)
    return parted


def draw_moments(drawings: Sequence[Drawing]) -> list[float]:
    """Return when the preview was drawn, picture and what lies above it."""
    return [entry.moment for entry in drawings if (entry.region, entry.event) == _OVERLAY_EVENT]


def phases(drawings: Sequence[Drawing], end: float) -> Phases | None:
    """Part the time until a change was seen or drawn, at `end`; None where the preview was not drawn before."""
    shown = [
        one for one in redraws([entry for entry in drawings if entry.moment <= end]) if _picture_indices(one)
    ]
    if not shown:
        return None
    redraw = shown[-1]
    place = _picture_indices(redraw)[0]
    made = redraw[place].moment
    # Where nothing calls before the preview, its beginning isn't known: all is counted as its own.
    until, began = (redraw[0].moment, redraw[place - 1].moment) if place else (0.0, 0.0)
    return Phases(until, began - until, made - began, end - made)


def _picture_indices(redraw: Sequence[Drawing]) -> list[int]:
    """Return where in a redraw the preview's picture was made."""
    return [place for place, entry in enumerate(redraw) if (entry.region, entry.event) == _PICTURE_EVENT]
