# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures of results: a code that only who has the key can make, over what a result is and what it is kept for.

The code is HMAC-SHA-256 (RFC 2104) over the names, dtypes and shapes of the arrays, the digest of the result's key
and the arrays' bytes: so no result can be changed, nor passed off as another's. One key for a whole team: a
signature tells that somebody with the key has made a result, not who.
"""

import hashlib
import hmac
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ..base.key import Key
from ..base.payload import DecodedArrays, array_layout
from ..base.schema import Layout
from ..base.store import Arrays

if TYPE_CHECKING:
    from hashlib import _Hash

SIGNATURE_NAME = "~hmac-sha256"
"""The array that holds the signature. The mark makes it the last of a payload: then all before it is one piece."""
CODE_BYTES = 32
_BLOCK_BYTES = 64
_LRU_ENTRIES = 256  # layouts: each stage has a few
_MAX_ARRAYS = 32  # of a result that is looked at
_MAX_CACHED_HEADER_BYTES = (
    2048  # longer ones are not remembered, so that all of them take half a megabyte at most
)
_INNER_PAD, _OUTER_PAD = (bytes(value ^ mark for value in range(256)) for mark in (0x36, 0x5C))
_CODE_LAYOUT = (np.dtype(np.uint8), (CODE_BYTES,))

_HashState: TypeAlias = "_Hash | None"


class Signature:
    """Makes and checks codes with one key. Safe to use from several threads."""

    def __init__(self, secret: bytes, name: str = SIGNATURE_NAME) -> None:
        """Take 32 bytes, and the name of the array that holds the code. One secret may serve for several names."""
        self.name = name
        own = hmac.digest(secret, b"understudy " + name.encode(), "sha256").ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(own.translate(_INNER_PAD))
        self._outer = hashlib.sha256(own.translate(_OUTER_PAD))
        self._cached_header_state = lru_cache(_LRU_ENTRIES)(self._header_state)

    def sign(self, key: Key, arrays: Arrays) -> Arrays:
        """Return a result with its code.

        Parameters
        ----------
        key : Key
            The result's key, which is signed too.
        arrays : mapping of str to ndarray
            The result; a code that it has is replaced.

        Returns
        -------
        mapping of str to ndarray
            The same arrays and one more, uint8.
        """
        plain = {name: array for name, array in arrays.items() if name != self.name}
        return {**plain, self.name: np.frombuffer(self._code(key, plain), np.uint8)}

    def verify(self, key: Key, arrays: Arrays) -> Arrays | None:
        """Return a result without its code.

        Parameters
        ----------
        key : Key
            The result's key.
        arrays : mapping of str to ndarray
            What `sign` returned.

        Returns
        -------
        mapping of str to ndarray, or None
            None if it has no code, or not the one that this key gives.
        """
        if type(arrays) is DecodedArrays and len(arrays.header) <= _MAX_CACHED_HEADER_BYTES:
            begun = self._cached_header_state(arrays.header)
            if begun is not None:
                inner = begun.copy()
                inner.update(key.digest)
                raw = arrays.raw
                inner.update(memoryview(raw)[arrays.data : -CODE_BYTES])
                outer = self._outer.copy()
                outer.update(inner.digest())
                if not hmac.compare_digest(outer.digest(), raw[-CODE_BYTES:]):
                    return None
                plain = dict(arrays)
                del plain[self.name]
                return plain
        plain = dict(arrays)
        code = plain.pop(self.name, None)
        if code is None or len(plain) > _MAX_ARRAYS:
            return None
        return plain if hmac.compare_digest(self._code(key, plain), code.tobytes()) else None

    def _code(self, key: Key, arrays: Arrays) -> bytes:
        layout = [(name, array.dtype, array.shape) for name, array in arrays.items()]
        layout.sort(key=lambda item: (-item[1].itemsize, item[0]))  # as a payload has them
        inner = self._inner.copy()
        inner.update(_layout_bytes(tuple(layout)))
        inner.update(key.digest)
        for name, _, _ in layout:
            inner.update(arrays[name].tobytes())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def _header_state(self, header: bytes) -> _HashState:
        """Return the hash of the key and of the layout that a payload's header tells; None if no code is its last.

        Remembered, because a stage gives the same few shapes again and again.
        """
        layout = array_layout(header)
        if not layout or layout[-1] != (self.name, *_CODE_LAYOUT):
            return None
        begun = self._inner.copy()
        begun.update(_layout_bytes(layout[:-1]))
        return begun


def _layout_bytes(layout: Layout) -> bytes:
    """Write names, dtypes and shapes so that no two layouts give the same bytes: every part has its length before.

    Whole blocks, so that the hash of it is a state to go on from.
    """
    parts = [len(layout).to_bytes(8, "little")]
    for name, dtype, shape in layout:
        for text in (name.encode("utf-8", "surrogatepass"), dtype.str.encode()):
            parts += [len(text).to_bytes(8, "little"), text]
        parts += [value.to_bytes(8, "little") for value in (len(shape), *shape)]
    whole = b"".join(parts)
    return whole + bytes(-len(whole) % _BLOCK_BYTES)
