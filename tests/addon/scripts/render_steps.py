# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for the ways in which a project can be rendered."""

import bpy


def movie_output():
    """Write a movie instead of pictures."""
    render = bpy.context.scene.render
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = "VIDEO"
    render.image_settings.file_format = "FFMPEG"
    render.ffmpeg.format, render.ffmpeg.codec = "MPEG4", "H264"
    render.ffmpeg.constant_rate_factor = "PERC_LOSSLESS"
