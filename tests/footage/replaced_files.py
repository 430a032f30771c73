# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of equal size whose contents are different faces: what a clip or an image may be replaced by."""

from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from .portrait import make_up_portrait, portrait, transform_portrait

SIZE = 192
FRAMES = 2

Pixels = npt.NDArray[np.uint8]


def _cut_head(pixels: Pixels) -> Pixels:
    """Cut the head out of a portrait that is centred on the face."""
    head = np.ascontiguousarray(pixels[126:386, 126:386])
    return np.asarray(cv2.resize(head, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)


VARIANTS = [
    _cut_head(transform_portrait(scale, angle)[0]) for scale, angle in ((1.0, 0.0), (0.85, 9.0), (1.1, -7.0))
]
PEOPLE = [
    np.asarray(cv2.resize(np.ascontiguousarray(pixels[:260, 92:352]), (SIZE, SIZE)), np.uint8)
    for pixels in (make_up_portrait(), portrait())
]


def write_bmp(path: Path, pixels: Pixels) -> None:
    cv2.imwrite(str(path), pixels[..., ::-1])


def write_raw_movie(path: Path, frames: list[Pixels]) -> None:
    """Write an AVI of uncompressed frames: all of a length are as large."""
    with av.open(str(path), "w", format="avi") as container:
        stream = container.add_stream("rawvideo", rate=24)
        stream.width, stream.height, stream.pix_fmt = SIZE, SIZE, "bgr24"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="bgr24")))
        container.mux(stream.encode())


class Contents:
    """A folder of them: `frame0.bmp` to `frame2.bmp`, `movie0.avi` to `movie2.avi`, `person0.bmp` and `person1.bmp`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for number, pixels in enumerate(VARIANTS):
            write_bmp(folder / f"frame{number}.bmp", pixels)
            write_raw_movie(folder / f"movie{number}.avi", [pixels] * FRAMES)
        for number, pixels in enumerate(PEOPLE):
            write_bmp(folder / f"person{number}.bmp", pixels)
