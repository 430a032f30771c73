# SPDX-License-Identifier: GPL-3.0-or-later
"""How a user wants a movie written. Nothing that decodes or encodes is loaded for it."""

from dataclasses import dataclass

CODECS = ("h264", "hevc", "av1", "prores", "ffv1")
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
SOUND = ("copy", "encode", "none")
"""What can become of a clip's sound."""
DEFAULT_QUALITY = 90
MAX_QUALITY = 100


@dataclass(frozen=True)
class EncodingChoice:
    """What a user asks of the video of a movie; None and empty values leave it to the clip."""

    codec: str = ""
    quality: int | None = None
    """From 0 to 100, the same for every codec."""
    preset: str = ""
    pixel_format: str = ""
    sdr: bool = False
    """Whether HDR is tone-mapped to SDR."""
