# SPDX-License-Identifier: GPL-3.0-or-later
"""What a frame is known by, in this program and in its cache."""

from hashlib import sha256

from ..media.clip import Clip, frame_id
from ..media.light import VERSION as VIEW_VERSION
from ..media.light_space import light_space
from ..media.prefetching_clip import PrefetchingClip


def frame_fingerprint(clip: Clip, number: int) -> str:
    """Return the id of a frame, by its pixels and what they stand for.

    Parameters
    ----------
    clip : Clip
        An open clip.
    number : int
        The frame's number.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    ClipError
        The frame can't be read.
    """
    known = clip.fingerprint(number) if isinstance(clip, PrefetchingClip) else frame_id(clip.read(number))
    if light_space(clip.source.reading) is None:
        return known
    # The same numbers in another space are another image.
    return sha256(f"{known} {clip.source.reading} {VIEW_VERSION}\n".encode()).hexdigest()
