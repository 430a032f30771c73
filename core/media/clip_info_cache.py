# SPDX-License-Identifier: GPL-3.0-or-later
"""Doing without models and without decoding: what an editor's preview may use is what the cache has."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np

from ..cache.base.key import Key, stage_key
from ..cache.base.schema import ArraySpec, Schema
from ..cache.base.store import Arrays, Store
from ..concurrency.closing import Closeable
from ..errors import UnderstudyError
from .clip import EIGHT_BITS, Clip, ClipInfo, FramePixels
from .colour_spaces import TAGGED_SPACES
from .source import ClipSource, clip_reading, tagged_reading
from .source_stamps import SourceStamp, SourceStamps

_KINDS: tuple[Literal["movie"], Literal["sequence"], Literal["picture"]] = ("movie", "sequence", "picture")

_MAX_SIDE_PIXELS, _MAX_FRAMES, _MAX_RATE = 65535, 1 << 26, 1 << 32


def _clip_info_fault(arrays: Arrays) -> str:
    kind, width, height, count, _, denominator, bits = (int(value) for value in arrays["facts"])
    sound = (
        kind < len(_KINDS)
        and 0 < width <= _MAX_SIDE_PIXELS
        and 0 < height <= _MAX_SIDE_PIXELS
        and 0 < count <= _MAX_FRAMES
        and denominator > 0
        and bits in (8, 16, 32)
    )
    return "" if sound else "facts are no clip's"


CLIP_INFO_SCHEMA = Schema((ArraySpec("facts", "int64", (7,), 0, _MAX_RATE),), check_values=_clip_info_fault)


def _transfer_fault(arrays: Arrays) -> str:
    return "" if int(arrays["transfer"][0]) in (0, *TAGGED_SPACES) else "there is no such curve"


TRANSFER_SCHEMA = Schema((ArraySpec("transfer", "uint8", (1,)),), check_values=_transfer_fault)

NOT_PREPARED = "not prepared yet: press Prepare"
"""Why a frame is not shown as it will be, where that is only since nobody made it so far."""


class NotCachedError(UnderstudyError):
    """Something would have to be computed or decoded first."""


class ClipNotCachedError(NotCachedError):
    """The cache has nothing at all of this clip."""


class CacheOnly:
    """A `Flight` that computes nothing."""

    def get_or_compute(self, store: Store, key: Key, _compute: Callable[[], Arrays]) -> tuple[Arrays, bool]:
        """Return the arrays of `key` and True. Raises NotCachedError where the store does not have them."""
        arrays = store.get(key)
        if arrays is None:
            raise NotCachedError(NOT_PREPARED)
        return arrays, True


class CachedClip(Closeable):
    """A clip of which the facts are known and no frame is ever read; see `Clip`."""

    def __init__(self, source: ClipSource, info: ClipInfo, stamp: str) -> None:
        self._source = source
        self._info = info
        self._stamp = stamp

    @property
    def info(self) -> ClipInfo:
        """The facts of this clip."""
        return self._info

    @property
    def source(self) -> ClipSource:
        """The clip's files."""
        return self._source

    @property
    def clip_id(self) -> str:
        """Raises ClipNotCachedError: that takes reading the whole file."""
        raise ClipNotCachedError(NOT_PREPARED)

    @property
    def stamp(self) -> str:
        """See `Clip.stamp`; when the clip was made."""
        return self._stamp

    @property
    def image_count(self) -> int:
        """Raises ClipNotCachedError: that takes opening the file."""
        raise ClipNotCachedError(NOT_PREPARED)

    @property
    def faults(self) -> tuple[str, ...]:
        """Nothing: no frame is read."""
        return ()

    def read(self, number: int) -> FramePixels:
        """Raises NotCachedError."""
        raise NotCachedError(f"frame {number} is not prepared yet: press Prepare")

    def close(self) -> None:
        """Nothing is open."""


def store_clip_info(store: Store, stamps: SourceStamps, source: ClipSource, clip: Clip) -> None:
    """Keep the facts of a clip that `source` asked for, so that `load_clip_info` need not open it. Raises ClipError."""
    stamp, info = stamps.look_at_clip(clip), clip.info
    numbers = [
        _KINDS.index(info.kind), info.width, info.height, info.frame_count,
        info.fps.numerator, info.fps.denominator, info.bit_depth,
    ]  # fmt: skip
    kept = {_clip_info_key(stamp, source): {"facts": np.array(numbers, np.int64)}}
    if _may_be_tagged(source, info):
        kept[_transfer_key(stamp)] = {"transfer": np.array([_transfer(clip.source)], np.uint8)}
    for key, arrays in kept.items():
        if store.get(key) is None:  # read, since one that is there may prove to be of no use
            store.put(key, arrays)


def load_clip_info(store: Store, stamps: SourceStamps, source: ClipSource) -> CachedClip:
    """Return a clip by the facts that were kept of it, without opening its files.

    Raises ClipNotCachedError where there are none, ClipError where a file is missing.
    """
    stamp = stamps.look(source)
    kept = store.get(_clip_info_key(stamp, source))
    path = Path(source.paths[0])
    if kept is None:
        raise ClipNotCachedError(NOT_PREPARED)
    kind, width, height, count, numerator, denominator, bits = (int(value) for value in kept["facts"])
    info = ClipInfo(path, _KINDS[kind], width, height, count, Fraction(numerator, denominator), bits)
    transfer = 0
    if _may_be_tagged(source, info):
        # Facts that were kept before this was asked of a clip do not tell it.
        tags = store.get(_transfer_key(stamp))
        if tags is None:
            raise ClipNotCachedError(NOT_PREPARED)
        transfer = int(tags["transfer"][0])
    reading = clip_reading(source.reading, info.bit_depth, transfer)
    return CachedClip(replace(source, reading=reading), info, stamp.local)


def _may_be_tagged(source: ClipSource, info: ClipInfo) -> bool:
    """Tell whether the file may say by itself how a clip is read, see `clip_reading`."""
    return info.kind == "movie" and info.bit_depth > EIGHT_BITS and not source.reading


def _transfer(source: ClipSource) -> int:
    """Return the number of the transfer curve that an open clip's file names, or 0 for all that change nothing."""
    return next((number for number in TAGGED_SPACES if source.reading == tagged_reading(number)), 0)


def _clip_info_key(stamp: SourceStamp, source: ClipSource) -> Key:
    return stage_key("facts", 1, {"stamp": stamp.text, **source.key_inputs})


def _transfer_key(stamp: SourceStamp) -> Key:
    return stage_key("transfer", 2, {"stamp": stamp.text})
