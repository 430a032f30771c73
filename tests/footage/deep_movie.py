# SPDX-License-Identifier: GPL-3.0-or-later
"""A movie of more than 8 bits, or its 8-bit twin, with a tag of its transfer curve."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import av
import numpy as np

PQ, HLG, BT709 = 16, 18, 1


def write_deep_movie(
    path: Path,
    pixels: np.ndarray,
    transfer: int = BT709,
    *,
    deep: bool = True,
    notes: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    """Write a movie of one image, (H, W, 3) uint16, held for three frames, with notes in its metadata."""
    matrix = 1 if transfer == BT709 else 9  # of BT.2020, which Rec.2100 has
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata.update(notes)
        stream = container.add_stream(
            "libx265", rate=24, options={"crf": "4", "x265-params": "log-level=none"}
        )
        stream.height, stream.width = pixels.shape[:2]
        stream.pix_fmt = "yuv420p10le" if deep else "yuv420p"
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc = matrix, matrix, transfer
        context.color_range = 1
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(pixels, "rgb48le")
            frame = frame.reformat(format=stream.pix_fmt, dst_colorspace=matrix, dst_color_range=1)
            frame.pts, frame.color_trc, frame.color_primaries = number, transfer, matrix
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
