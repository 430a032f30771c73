# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells when a place on the screen changes, by asking the X server itself. Runs inside Blender, on another thread.

Nothing of Blender is asked: what counts is what a person would see. Xlib by `ctypes`, since Blender brings no
Python package for it; its functions and `XImage` are those of Xlib.h (X11R6 and later).
"""

import ctypes
import os
import time
from pathlib import Path

import numpy as np

_ALL_PLANES = 0xFFFFFFFF
_Z_PIXMAP = 2
_NOISE = 4
"""How far, of 255, a channel may move without counting as changed."""
_PAUSE_SECONDS = 0.0005


class _Image(ctypes.Structure):
    """The beginning of Xlib's XImage."""

    _fields_ = [
        *((name, ctypes.c_int) for name in ("width", "height", "xoffset", "format")),
        ("data", ctypes.c_void_p),
        *((name, ctypes.c_int) for name in ("byte_order", "bitmap_unit", "bitmap_bit_order", "bitmap_pad")),
        *((name, ctypes.c_int) for name in ("depth", "bytes_per_line", "bits_per_pixel")),
    ]


class Screen:
    """The X screen of this process, 24 bits deep. One thread at a time may read it."""

    def __init__(self):
        """Connect. RuntimeError where that is impossible."""
        self._xlib = ctypes.CDLL("libX11.so.6")
        for function, answer in (("XOpenDisplay", ctypes.c_void_p), ("XDefaultRootWindow", ctypes.c_ulong)):
            getattr(self._xlib, function).restype = answer
        self._xlib.XGetImage.restype = ctypes.POINTER(_Image)
        self._display = ctypes.c_void_p(self._xlib.XOpenDisplay(None))
        if not self._display:
            raise RuntimeError(f"no X server answers at DISPLAY={os.environ.get('DISPLAY')}")
        self._root = ctypes.c_ulong(self._xlib.XDefaultRootWindow(self._display))

    def read(self, left, top, width=1, height=1):
        """Return what is seen at a place, from the upper left: (height, width, 3) BGR uint8."""
        image = self._xlib.XGetImage(
            self._display, self._root, left, top, width, height, ctypes.c_ulong(_ALL_PLANES), _Z_PIXMAP
        )
        facts = image.contents
        rows = np.frombuffer(ctypes.string_at(facts.data, facts.bytes_per_line * height), np.uint8)
        pixels = rows.reshape(height, -1)[:, : 4 * width].reshape(height, width, 4)[..., :3].copy()
        self._xlib.XDestroyImage(image)
        return pixels


class Watch:
    """Waits for a place of the screen to look otherwise than when the watch was made, and for a file to be renewed."""

    def __init__(self, screen, place, picture):
        """`place` is (left, top) from the upper left; `picture` a file."""
        self._screen, self._place, self._picture = screen, place, Path(picture)
        self._before, self._mark = self._read_pixels(), self._stamp()

    def until_changed(self, limit=10.0):
        """Return when the file was renewed, or None, and when the screen changed, by `time.perf_counter`.

        TimeoutError if the screen looks the same for `limit` seconds.
        """
        written, end = None, time.perf_counter() + limit
        while time.perf_counter() < end:
            if written is None and self._stamp() != self._mark:
                written = time.perf_counter()
            if np.abs(self._read_pixels() - self._before).max() > _NOISE:
                return written, time.perf_counter()
            time.sleep(_PAUSE_SECONDS)
        raise TimeoutError(f"nothing new was seen at {self._place} within {limit} s")

    def _read_pixels(self):
        return self._screen.read(*self._place).astype(int)

    def _stamp(self):
        return self._picture.stat().st_mtime_ns
