# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tools.bench_cache.signing`: what checking a signature costs beside the bare SHA-256 of the same bytes.

Both are done in turn, so that whatever else the machine does meets both alike; each figure is the least of many
rounds. The bytes are those of a record's payload, which both read where they lie.
"""

import hashlib
import time
from collections.abc import Callable

from understudy.core.cache.base.key import Key
from understudy.core.cache.base.payload import DecodedArrays, decode, encode
from understudy.core.cache.stores.signature import Signature

from .records import ANALYSIS, CROP, SMALL_CROP, Kind, keys, values

_ROUNDS = 400
_MICROSECONDS = 1e6
GOAL = 2.0
"""Microseconds that a signature may cost a get more than the bare digest."""


def payload(signature: Signature, key: Key, kind: Kind) -> tuple[bytes, DecodedArrays]:
    """Return a record's bytes without a signature, and what a store reads of the signed one."""
    arrays = values(kind)[0]
    chunks, _ = encode(arrays)
    signed, _ = encode(signature.sign(key, arrays))
    read = decode(b"".join(bytes(chunk) for chunk in signed), 0)
    if read is None or signature.verify(key, read) is None:
        raise AssertionError("a signed record must be verified")
    return b"".join(bytes(chunk) for chunk in chunks[1:]), read


def measure(kind: Kind) -> tuple[float, float]:
    """Return what a bare digest and what a check costs, in microseconds."""
    signature, key = Signature(bytes(range(32))), keys(1)[0]
    bare, read = payload(signature, key, kind)
    calls = max(20_000_000 // len(bare) // _ROUNDS, 4)
    ways: tuple[Callable[[], object], ...] = (
        lambda: hashlib.sha256(bare).digest(),
        lambda: signature.verify(key, read),
    )
    least = [float("inf")] * 2
    for _ in range(_ROUNDS):
        for way, work in enumerate(ways):
            began = time.perf_counter()
            for _ in range(calls):
                work()
            least[way] = min(least[way], (time.perf_counter() - began) / calls)
    return least[0] * _MICROSECONDS, least[1] * _MICROSECONDS


def main() -> None:
    """Measure and print each kind of record."""
    for kind in (ANALYSIS, SMALL_CROP, CROP):
        bare, checked = measure(kind)
        print(
            f"{kind.name:<16} {kind.payload_bytes:>7} bytes  digest {bare:8.2f} us  signature {checked:8.2f} us  "
            f"{checked - bare:+.2f} us of {GOAL:g}, x {checked / bare:.3f}"
        )


if __name__ == "__main__":
    main()
