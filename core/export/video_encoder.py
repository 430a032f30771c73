# SPDX-License-Identifier: GPL-3.0-or-later
"""How an encoder of video is set, whatever becomes of its packets."""

from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

from ..media.bounds import coding_threads
from ..system import address_space
from .colour_tags import ColourTags
from .encoding import Encoding
from .image_preparation import ImagePreparation
from .pixel_formats import pixel_layout
from .source_video import PROGRESSIVE, SourceVideo

_INTERLACED_CODECS = ("h264", "prores", "ffv1")
_FIELD_ORDERS = {2: "tt", 3: "bb", 4: "tb", 5: "bt"}


def keeps_fields(source: SourceVideo, encoding: Encoding) -> bool:
    """Tell whether a movie's images are coded as the two fields that each of its clip's has."""
    return source.is_interlaced and encoding.codec in _INTERLACED_CODECS


def image_preparation(source: SourceVideo, encoding: Encoding, tags: ColourTags) -> ImagePreparation:
    """Return what makes images for an encoder."""
    field_order = ("tff" if source.is_top_first else "bff") if keeps_fields(source, encoding) else ""
    return ImagePreparation(
        source.width,
        source.height,
        encoding.pixel_format,
        tags,
        quarter_turns=source.quarter_turns,
        field_order=field_order,
        sample_aspect=source.sample_aspect,
    )


def configure_encoder(
    context: VideoCodecContext,
    source: SourceVideo,
    encoding: Encoding,
    tags: ColourTags,
    size: tuple[int, int],
) -> None:
    """Set an encoder that is not open yet. Its rate is the caller's.

    Parameters
    ----------
    context : av.VideoCodecContext
        The encoder.
    source : SourceVideo
        What the source's video is like.
    encoding : Encoding
        Codec, pixel format and quality.
    tags : ColourTags
        The movie's colour tags.
    size : tuple of int
        Width and height of the coded images in pixels.
    """
    context.width, context.height = size
    context.pix_fmt = encoding.pixel_format
    tags.apply_to_encoder(context)
    if source.sample_aspect is not None:
        context.sample_aspect_ratio = source.sample_aspect
    if source.is_interlaced:
        # The container says it whatever the codec does.
        context.options["field_order"] = _FIELD_ORDERS[source.field_order]
        if keeps_fields(source, encoding):
            context.flags |= Flags.interlaced_dct | Flags.interlaced_me
    elif source.field_order == PROGRESSIVE:
        context.options["field_order"] = "progressive"
    if address_space.limit_bytes() is not None:  # else encoders choose: other numbers make other bytes
        sample_bytes = 2 if pixel_layout(encoding.pixel_format).depth > 8 else 1
        context.thread_count = coding_threads(3 * sample_bytes * source.width * source.height)
