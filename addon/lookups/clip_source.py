# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a strip plays, for what is asked at every redraw."""

from typing import Any

import bpy

from ...core.media.source import ClipSource
from ..sequencer.strips import media_fingerprint, source_of
from .gallery import lookup_cache


def clip_source(strip: Any) -> ClipSource:
    """Return the files that a strip plays, as they were listed since its media or its color space was another.

    An image strip has an element for each, too many to list at every redraw, and of TIFF files a header is read.
    """
    if strip.type == "MOVIE":
        return source_of(strip)
    key = "source", bpy.data.filepath, *media_fingerprint(strip)
    return lookup_cache().get_or_compute(key, lambda: source_of(strip))
