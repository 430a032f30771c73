# SPDX-License-Identifier: GPL-3.0-or-later
"""From a decoded video frame to RGB pixels equal to those Blender makes of it.

Blender converts with FFmpeg's swscale: nearest chroma, full-resolution chroma maths, accurate rounding, and
the YUV matrix named by the stream, where a stream that names none means BT.601 at any size
(source/blender/imbuf/movie/intern, Blender 4.5). The same settings here give the same pixels.
"""

from fractions import Fraction

import numpy as np
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from ..errors import ClipError
from .clip import FramePixels
from .yuv_samples import sample_image

_SCALER_FLAGS = Interpolation.POINT | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND

# ISO/IEC 23091-2 matrix coefficients to swscale's table; what is not named here is BT.601 to swscale.
_MATRICES = {
    0: Colorspace.ITU709,
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}


def matrix_table(matrix: int) -> Colorspace:
    """Return swscale's table for an ISO/IEC 23091-2 matrix number: what a clip's YUV is taken as."""
    return _MATRICES.get(matrix, Colorspace.ITU601)


class RgbConverter:
    """Converts the frames of one stream.

    `matrix` is the stream's ISO/IEC 23091-2 matrix number, `full_range` whether its YUV uses 0..255,
    `rotation` the counter-clockwise turn (0, 90, 180, 270 degrees) that shows it upright, `deep` whether the
    result is uint16 rather than uint8.
    """

    def __init__(
        self,
        width: int,
        height: int,
        *,
        matrix: int,
        full_range: bool,
        rotation: int,
        deep: bool,
    ) -> None:
        self._size = (width, height)
        self._matrix = matrix_table(matrix)
        self._full_range = full_range
        self._quarter_turns = rotation // 90 % 4
        self._deep = deep
        self._reformatter = VideoReformatter()
        self._graph: Graph | None = None
        self._graph_input: tuple[int, int, str] | None = None
        self._matrix_number = matrix
        self._samples_converter: RgbConverter | None = None

    def convert(self, frame: VideoFrame) -> FramePixels:
        """Convert a decoded image to RGB.

        Parameters
        ----------
        frame : av.VideoFrame
            The image, in the movie's pixel format.

        Returns
        -------
        ndarray, shape (H, W, 3), uint8 or uint16
            RGB in C order, upright.

        Raises
        ------
        ClipError
            Its pixel format can't be converted.
        """
        full = self._full_range or frame.format.name.startswith("yuvj")
        rgb = self._reformatter.reformat(
            self._as_blender_takes_it(frame),
            width=self._size[0],
            height=self._size[1],
            format="rgb48le" if self._deep else "rgb24",
            src_colorspace=self._matrix,
            src_color_range=None if frame.format.is_rgb else ColorRange.JPEG if full else ColorRange.MPEG,
            interpolation=_SCALER_FLAGS,
        )
        upright = np.rot90(rgb.to_ndarray(), self._quarter_turns)
        if self._deep:
            return np.ascontiguousarray(upright, np.uint16)
        return np.ascontiguousarray(upright, np.uint8)

    def convert_samples(self, frame: VideoFrame, step: int) -> FramePixels:
        """Convert some pixels of a decoded image, where its format allows it without converting the others.

        Parameters
        ----------
        frame : av.VideoFrame
            The image, in the movie's pixel format.
        step : int
            Every how many rows and columns.

        Returns
        -------
        ndarray, shape (ceil(H / step), ceil(W / step), 3), uint8 or uint16
            `convert(frame)[::step, ::step]`.

        Raises
        ------
        ClipError
            Its pixel format can't be converted.
        """
        width, height = self._size
        # The upright image begins in another corner of the one that is stored.
        rows = slice((height - 1) % step if self._quarter_turns in (2, 3) else 0, None, step)
        columns = slice((width - 1) % step if self._quarter_turns in (1, 2) else 0, None, step)
        samples = sample_image(frame, rows, columns) if (frame.width, frame.height) == self._size else None
        if samples is None:
            return self.convert(frame)[::step, ::step]
        size = samples.width, samples.height
        if self._samples_converter is None or self._samples_converter._size != size:
            self._samples_converter = RgbConverter(
                *size,
                matrix=self._matrix_number,
                full_range=self._full_range,
                rotation=self._quarter_turns * 90,
                deep=self._deep,
            )
        return self._samples_converter.convert(samples)

    def _as_blender_takes_it(self, frame: VideoFrame) -> VideoFrame:
        # Blender calls swscale without a chroma position, which swscale takes as centred. A frame that
        # carries its own position would have its odd columns take the next chroma sample instead, and one
        # that is marked as two fields would have each line take the chroma of its own field.
        shape = (frame.width, frame.height, frame.format.name)
        if self._graph is None or self._graph_input != shape:
            self._graph = _parameter_graph(*shape)
            self._graph_input = shape
        self._graph.push(frame)
        taken = self._graph.pull()
        if not isinstance(taken, VideoFrame):
            raise ClipError(f"can't convert a {frame.format.name} frame; transcode the clip to H.264")
        return taken


def _parameter_graph(width: int, height: int, pixel_format: str) -> Graph:
    graph = Graph()
    # Any time base does: the image passes straight through.
    layout = VideoFormat(pixel_format, width, height)
    source = graph.add_buffer(width=width, height=height, format=layout, time_base=Fraction(1, 1000))
    parameters = graph.add("setparams", "chroma_location=center:field_mode=prog")
    sink = graph.add("buffersink")
    source.link_to(parameters)
    parameters.link_to(sink)
    graph.configure()
    return graph
