# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes note of what Blender draws in its window, region by region. Runs inside Blender."""

import time

import bpy

_REGIONS = (
    ("SpaceSequenceEditor", ("HEADER", "TOOLS", "UI", "WINDOW", "PREVIEW")),
    ("SpaceProperties", ("WINDOW",)),
)
_EVENTS = ("PRE_VIEW", "POST_VIEW", "POST_PIXEL")


class Drawings:
    """The moments at which Blender called back while it drew."""

    def __init__(self):
        """Begin to take note. Not every kind of region calls back at every event."""
        self._draw_events, self._handlers = [], []
        for space, regions in _REGIONS:
            kind = getattr(bpy.types, space)
            for region in regions:
                for event in _EVENTS:
                    handler = kind.draw_handler_add(self._record_event, (region, event), region, event)
                    self._handlers.append((kind, handler, region))

    def close(self):
        """Take note no more."""
        for kind, handler, region in self._handlers:
            kind.draw_handler_remove(handler, region)
        self._handlers.clear()

    def forget(self):
        """Forget what was drawn until now."""
        self._draw_events.clear()

    def since(self, began):
        """Return what was drawn: the milliseconds since `began`, the region's kind, its own number, and the event."""
        return [(1000 * (moment - began), *what) for moment, *what in self._draw_events]

    def _record_event(self, region, event):
        self._draw_events.append((time.perf_counter(), region, bpy.context.region.as_pointer(), event))
