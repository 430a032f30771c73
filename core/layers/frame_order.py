# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order frames are prepared: coarse first, so that scrubbing soon shows new faces everywhere."""

_STRIDES = (16, 1)
"""Each pass makes every frame at this distance that none before it made.

Each pass over a movie decodes what lies between key frames again. 128 frames of 1080p H.264 with one key frame, the
embedded engine with shape, in two runs: 16 then 1 took 1.08 and 1.12 times the processor time of one pass; 16, 8, 4, 2, 1
took 1.38 and 1.48 times.
"""


def progressive_order(first: int, last: int, visible: int) -> list[int]:
    """Return each frame of a range once: the visible one, then every 16th, then all others.

    Within a pass frames ascend, so that a movie is decoded forwards.

    Parameters
    ----------
    first, last : int
        The range's first and last timeline frame; none where `last` is less than `first`.
    visible : int
        The frame that the editor sees. It counts only if it lies in the range.

    Returns
    -------
    list of int
        The frames.
    """
    frames = range(first, last + 1)
    order = dict.fromkeys([visible] if visible in frames else [])
    for stride in _STRIDES:
        order.update(dict.fromkeys(frames[::stride]))
    return list(order)
