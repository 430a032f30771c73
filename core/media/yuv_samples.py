# SPDX-License-Identifier: GPL-3.0-or-later
"""Every n-th pixel of a decoded video frame, before it is converted to RGB: the rest need not be."""

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

# Planar formats whose chroma planes are a whole number of times smaller, and what holds the same with none smaller.
# Samples of others are taken of what they were converted to.
_FULL_CHROMA_FORMATS = {
    f"yuv{prefix}{layout}p{depth}": f"yuv{prefix}444p{depth}"
    for layout in ("420", "422", "444")
    for prefix, depth in (("", ""), ("j", ""), ("", "10le"), ("", "12le"))
}


def sample_image(image: VideoFrame, rows: slice, columns: slice) -> VideoFrame | None:
    """Return an image of some rows and columns of another, each pixel with the chroma that is nearest to it.

    Parameters
    ----------
    image : av.VideoFrame
        The image, in the movie's pixel format.
    rows, columns : slice
        Which of its rows and columns; they begin at a number and have a step.

    Returns
    -------
    av.VideoFrame or None
        The same in a format whose chroma planes are as large as the first; None where it can't be made of `image`.
    """
    name = _FULL_CHROMA_FORMATS.get(image.format.name)
    planes = None if name is None else _planes(image)
    if name is None or planes is None:
        return None
    row_numbers = np.arange(image.height)[rows, None]
    column_numbers = np.arange(image.width)[columns]
    samples = VideoFrame(len(column_numbers), len(row_numbers), name)
    for plane, target in zip(planes, samples.planes, strict=True):
        places = row_numbers * len(plane) // image.height, column_numbers * plane.shape[1] // image.width
        padded = np.zeros((target.height, target.line_size // plane.itemsize), plane.dtype)
        padded[:, : len(column_numbers)] = plane[places]
        target.update(padded.tobytes())
    return samples


def _planes(image: VideoFrame) -> "list[npt.NDArray[np.uint8] | npt.NDArray[np.uint16]] | None":
    """Return the planes of an image, (h, w) each, not copied; None where they are no whole number of times smaller."""
    planes: list[npt.NDArray[np.uint8] | npt.NDArray[np.uint16]] = []
    for plane, component in zip(image.planes, image.format.components, strict=True):
        if plane.line_size <= 0 or image.height % plane.height or image.width % plane.width:
            return None
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)
        planes.append((lines if component.bits == 8 else lines.view("<u2"))[:, : plane.width])
    return planes
