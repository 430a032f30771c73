# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip that decodes ahead: while a frame is worked on, the next ones are read and fingerprinted on another thread."""

from collections import OrderedDict

from ..concurrency.closing import Closing
from ..concurrency.prefetch import Ahead
from ..errors import ClipError
from .bounds import kept_frames
from .clip import REMEMBERED_FRAMES, Clip, ClipInfo, Pixels, frame_id, require_frame

_DECODED_AHEAD = 3
"""How many frames wait, decoded, where they are not very large: more would only take memory."""


class ClipAhead(Closing):
    """A clip around another, which it alone uses from then on, on a thread of its own; see `Clip`.

    Nothing is decoded before a frame is read, so that what is known costs nothing.
    """

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        frame_bytes = clip.info.width * clip.info.height * 3 * (clip.info.bit_depth // 8)
        self._most_ahead = kept_frames(_DECODED_AHEAD, frame_bytes)
        self._most_read = kept_frames(REMEMBERED_FRAMES, frame_bytes)
        self._read: OrderedDict[int, tuple[Pixels, str]] = OrderedDict()
        self._ahead: Ahead[int, tuple[Pixels, str]] = Ahead(
            self._decoded, self._most_ahead, "understudy decode"
        )
        self._last = -1
        self._closed = False

    @property
    def info(self) -> ClipInfo:
        """The facts of this clip."""
        return self._clip.info

    @property
    def clip_id(self) -> str:
        """See `Clip.clip_id`."""
        return self._clip.clip_id

    @property
    def stamp(self) -> str:
        """See `Clip.stamp`."""
        return self._clip.stamp

    def read(self, number: int) -> Pixels:
        """See `Clip.read`."""
        return self._frame(number)[0]

    def fingerprint(self, number: int) -> str:
        """Return `frame_id` of a frame's pixels, found while other frames were worked on. Raises ClipError."""
        return self._frame(number)[1]

    def close(self) -> None:
        """Close the clip, once the frame that is being read is."""
        self._closed = True
        self._ahead.close()
        self._read.clear()
        self._clip.close()

    def _frame(self, number: int) -> tuple[Pixels, str]:
        require_frame(self.info, number)
        if self._closed:
            raise ClipError(f"{self.info.path} was closed; open it again")
        kept = self._read.get(number)
        if kept is None:
            # Only forwards: whoever steps back or jumps about would decode what nobody asks for.
            ahead = self._most_ahead if number > self._last else 0
            self._last = number
            coming = range(number + 1, min(number + 1 + ahead, self.info.frame_count))
            kept = self._read[number] = self._ahead.result(number, coming)
            if len(self._read) > self._most_read:
                self._read.popitem(last=False)
        self._read.move_to_end(number)
        return kept

    def _decoded(self, number: int) -> tuple[Pixels, str]:
        pixels = self._clip.read(number)
        return pixels, frame_id(pixels)
