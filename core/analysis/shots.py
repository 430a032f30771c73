# SPDX-License-Identifier: GPL-3.0-or-later
"""Which shot of a clip a frame lies in: the frames from one cut to the next."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from ..cache.base.compute import Flight
from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import ArraySpec, Schema
from ..cache.base.store import Arrays, Store
from ..errors import ClipError
from ..face.types import Pixels
from ..media.clip import Clip
from ..media.file_status import ClipChangedError
from ..system.library_versions import library_inputs
from .cuts import is_cut
from .frame_reader import FrameReader

VERSION = 1
BLOCK_FRAMES = 128
"""How many frames of a clip are looked through at once."""
_MAX_FRAME_NUMBER = 2**31 - 1
CUTS_SCHEMA = Schema(
    (ArraySpec("cuts", "int32", ("cuts",), 0, _MAX_FRAME_NUMBER),), {"cuts": range(BLOCK_FRAMES + 1)}
)
VisitFrame = Callable[[int], None]
"""Called with the number of a frame that need not be decoded anew then."""


class ShotFinder:
    """Finds cuts block by block, each block once, and keeps them in a store."""

    def __init__(self, store: Store, flight: Flight, frames: FrameReader) -> None:
        """`frames` reads the clips."""
        self._store = store
        self._flight = flight
        self._frames = frames

    def shot(self, clip: Clip, number: int, on_frame: VisitFrame, on_cut: VisitFrame) -> range:
        """Return the frames of the shot that a frame lies in.

        Parameters
        ----------
        clip : Clip
            The clip.
        number : int
            The frame, counted from 0.
        on_frame : callable
            Called for each frame that is looked at for the first time, in order.
        on_cut : callable
            Called for each first frame of a shot that is found then, soon after its `on_frame`.

        Returns
        -------
        range
            The shot. Frames that can't be read belong to the shot before them.

        Raises
        ------
        NotCachedError
            A frame would have to be decoded, and none may be.
        """
        last_block = max(0, clip.info.frame_count - 1) // BLOCK_FRAMES
        block = number // BLOCK_FRAMES
        cuts = self._cuts(clip, block, on_frame, on_cut)
        first = max((cut for cut in cuts if cut <= number), default=0)
        stop = min((cut for cut in cuts if cut > number), default=clip.info.frame_count)
        before = block
        while first == 0 and before > 0:
            before -= 1
            first = max(self._cuts(clip, before, on_frame, on_cut), default=0)
        after = block
        while stop == clip.info.frame_count and after < last_block:
            after += 1
            stop = min(self._cuts(clip, after, on_frame, on_cut), default=clip.info.frame_count)
        return range(first, stop)

    def _cuts(self, clip: Clip, block: int, on_frame: VisitFrame, on_cut: VisitFrame) -> list[int]:
        """Return the first frames of shots in a block of frames."""

        def compute() -> Arrays:
            return {"cuts": np.array(self._find_cuts(clip, block, on_frame, on_cut), np.int32)}

        if self._frames.has_own_map(clip):
            return [int(cut) for cut in compute()["cuts"]]
        inputs: dict[str, Scalar | Key] = {"clip": self._frames.clip_id(clip), "block": block}
        inputs |= library_inputs("av", "opencv") | clip.source.key_inputs
        arrays, _ = self._flight.get_or_compute(self._store, stage_key("cuts", VERSION, inputs), compute)
        return [int(cut) for cut in arrays["cuts"]]

    def _find_cuts(self, clip: Clip, block: int, on_frame: VisitFrame, on_cut: VisitFrame) -> list[int]:
        first = block * BLOCK_FRAMES
        stop = min(first + BLOCK_FRAMES, clip.info.frame_count)
        looks: dict[int, Pixels] = {}
        cuts = []
        # Whether a frame is a cut shows once the one after it is known.
        for number in range(max(0, first - 2), stop + 1):
            if number < clip.info.frame_count:
                with skip_unreadable_frames():
                    looks[number] = self._frames.passing_thumbnail(clip, number)
                    if first <= number < stop:
                        on_frame(number)
            looks.pop(number - 4, None)
            before = number - 1
            if first <= before < stop and is_cut(before, looks):
                cuts.append(before)
                on_cut(before)
        return cuts


@contextmanager
def skip_unreadable_frames() -> Iterator[None]:
    """Go on after a frame that can't be read; but not where the clip proves to be another than it was."""
    try:
        yield
    except ClipChangedError:
        raise
    except ClipError:
        pass
