# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a clip's images a movie can't hold, said before the first frame is written."""

from .encoding import Encoding
from .pixel_formats import losses
from .source_video import SourceVideo
from .video_encoder import keeps_fields


def image_losses(
    source: SourceVideo, encoding: Encoding, suffix: str, coded_size: tuple[int, int]
) -> list[str]:
    """List what of a clip's images is lost, a line each with what to choose instead.

    Parameters
    ----------
    source : SourceVideo
        What the clip's images are.
    encoding : Encoding
        How they are coded.
    suffix : str
        The movie's extension in lower case, such as ``".mp4"``.
    coded_size : tuple of int
        Width and height of the movie's images in pixels.
    """
    name, lines = encoding.codec, []
    lost = losses(source.pixel_format, encoding.pixel_format)
    if lost:
        lines.append(
            f"the clip is {source.pixel_format}, the movie {encoding.pixel_format} as {name}: {', '.join(lost)}; "
            "choose another --codec or --pixel-format"
        )
    size = source.width, source.height
    if coded_size != size:
        before, after = (" x ".join(map(str, numbers)) for numbers in (size, coded_size))
        lines.append(
            f"images of {before} become {after} pixels, since {encoding.pixel_format} needs even sizes: "
            "the last column or row is doubled; --pixel-format yuv444p keeps the size"
        )
    if source.is_interlaced and not keeps_fields(source, encoding):
        order = "which .webm does not say" if suffix == ".webm" else "which only the file says"
        lines.append(
            f"{name} codes the clip's fields as whole images: few players separate them by their order, {order}; "
            "use --codec h264 in .mp4, .mov or .mkv"
        )
    if source.sample_aspect not in (None, 1) and name in ("ffv1", "prores") and suffix == ".mkv":
        lines.append(
            f"an .mkv with {name} does not say that pixels are {source.sample_aspect} as wide as high: use --codec h264"
        )
    return lines
