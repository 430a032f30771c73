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

_MADE = ("PREVIEW", "POST_VIEW")


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
    """Milliseconds, one after the other: together they are all the time until the screen had changed."""

    until_drawing: float
    """Until the first callback of the redraw that was seen: our handler, which fuses the layer and writes it,
    Blender's update of the scene, and the drawing of the first region, a header. Where an earlier redraw did not
    show the change yet, that one too, with its way to the screen."""
    regions: float
    """Drawing the other regions that come before the preview: timeline, Properties editor, headers."""
    picture: float
    """Making the preview's picture and handing it to OpenGL."""
    screen: float
    """From there until the screen shows it: OpenGL, what is drawn above the picture, the X server."""

    @property
    def without_screen(self) -> float:
        """All but drawing: until it begins, and the making of the picture."""
        return self.until_drawing + self.picture


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


def phases(drawings: Sequence[Drawing], visible: float) -> Phases | None:
    """Part the time until a change was visible; None where the preview was not drawn before."""
    shown = [one for one in redraws([entry for entry in drawings if entry.moment <= visible]) if _made(one)]
    if not shown:
        return None
    redraw = shown[-1]
    made = _made(redraw)[0]
    drawn = redraw[made].moment
    # Where nothing calls before the preview, its beginning isn't known: all is counted as its own.
    until, began = (redraw[0].moment, redraw[made - 1].moment) if made else (0.0, 0.0)
    return Phases(until, began - until, drawn - began, visible - drawn)


def _made(redraw: Sequence[Drawing]) -> list[int]:
    """Return where in a redraw the preview's picture was made."""
    return [place for place, entry in enumerate(redraw) if (entry.region, entry.event) == _MADE]
