# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches on the screen which take and which frame the preview shows. Runs inside Blender.

Whenever the preview is drawn, squares in its corner say in bits which take the modifier shows and at which frame. So
each picture of the screen says itself what it should show, whenever it is taken.
"""

import threading
import time

import bpy
import gpu
import numpy as np

SIDE = 8
"""The side of a square in pixels."""
TAKE_BITS, FRAME_BITS = 3, 9
_BITS = TAKE_BITS + FRAME_BITS
_PAUSE_SECONDS = 0.004
_MAX_PICTURES = 120


class TakeWatcher:
    """Marks what is drawn in a region of Blender's first window, and takes pictures of it on the screen."""

    def __init__(self, window, region, screen):
        """Begin to mark. `screen` is a `Screen` of screen_watcher.py."""
        self._screen = screen
        self._box = region.x, window.height - region.y - region.height, region.width, region.height
        self._is_watching = threading.Event()
        self._thread = None
        self.pictures = {}
        """The picture of each take and frame that was seen, (h, w, 3) BGR uint8."""
        self.order = []
        """The takes and frames in the order in which they were seen."""
        space = bpy.types.SpaceSequenceEditor
        self._handle = space.draw_handler_add(self._draw, (), "PREVIEW", "POST_PIXEL")

    def close(self):
        """Mark no more."""
        bpy.types.SpaceSequenceEditor.draw_handler_remove(self._handle, "PREVIEW")

    def start(self):
        """Begin to take pictures, beside Blender."""
        self._is_watching.set()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self):
        """Take no more pictures."""
        self._is_watching.clear()
        self._thread.join()

    def read(self):
        """Return what the screen shows now: the take, the frame, and the picture without its marks.

        None while the screen changes: what is seen twice is whole.
        """
        first = self._screen.read(*self._box)
        time.sleep(_PAUSE_SECONDS)
        second = self._screen.read(*self._box)
        if not np.array_equal(first, second):
            return None
        row = second[-SIDE // 2, SIDE // 2 : _BITS * SIDE : SIDE].mean(1) > 127
        bits = sum(int(bit) << place for place, bit in enumerate(row))
        return bits & ((1 << TAKE_BITS) - 1), bits >> TAKE_BITS, second[:-SIDE]

    def _watch(self):
        while self._is_watching.is_set():
            shown = self.read()
            if shown is None:
                continue
            *place, picture = shown
            place = tuple(place)
            if not self.order or self.order[-1] != place:
                self.order.append(place)
            if place not in self.pictures and len(self.pictures) < _MAX_PICTURES:
                self.pictures[place] = picture

    @staticmethod
    def _draw():
        scene = bpy.context.scene
        number = scene.understudy.modifiers[0].active_take | scene.frame_current << TAKE_BITS
        gpu.state.scissor_test_set(True)
        for bit in range(_BITS):
            gpu.state.scissor_set(bit * SIDE, 0, SIDE, SIDE)
            level = float(number >> bit & 1)
            gpu.state.active_framebuffer_get().clear(color=(level, level, level, 1.0))
        gpu.state.scissor_test_set(False)
