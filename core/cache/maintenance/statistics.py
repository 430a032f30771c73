# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cache holds, counted by stage, by clip and by age."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ...errors import CacheError
from ..base.key import Key
from ..packs.disk_usage import layers_on_disk, size_on_disk
from ..packs.layout import is_prepared
from ..removal.dependents import Kept
from ..stores.local import PackFolder
from ..stores.usage_log import Uses, uses
from .lineage import HEX, Listed, fields, references, walk

_DAY = 86400.0
_AGES = (("today", _DAY), ("this week", 7 * _DAY), ("this month", 30 * _DAY), ("older", float("inf")))
SHARED = "several"
UNKNOWN = "unknown"


@dataclass
class Share:
    """A part of a cache."""

    entries: int = 0
    payload_bytes: int = 0

    def add(self, payload_bytes: int) -> None:
        """Count one entry."""
        self.entries += 1
        self.payload_bytes += payload_bytes


@dataclass(frozen=True)
class Statistics:
    """What a cache holds. Keys of `clips` are clip ids, or SHARED and UNKNOWN for what is not one clip's."""

    total: Share
    stages: dict[str, Share]
    clips: dict[str, Share]
    ages: dict[str, Share]

    def as_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        parts = {"stages": self.stages, "clips": self.clips, "ages": self.ages}
        return vars(self.total) | {
            name: {key: vars(share) for key, share in shares.items()} for name, shares in parts.items()
        }


@dataclass(frozen=True)
class FolderFacts:
    """What a cache folder holds, in few numbers."""

    entries: int
    stages: Mapping[str, Share]
    bytes_on_disk: int
    layer_bytes: int
    """What the layer pictures beside the results take, which no size limit counts."""
    uses: Uses | None
    """Hits and misses of all runs so far."""


def folder_facts(root: Path) -> FolderFacts:
    """Return what a cache folder holds, with one look through its key texts; all zero where there is none.

    For a background thread: a million entries take seconds. Nothing is written. Raises CacheError where the
    folder can't be read.
    """
    if not is_prepared(root):
        return FolderFacts(0, {}, 0, 0, None)
    stages: dict[str, Share] = {}
    with closing(PackFolder(root, read_only=True)) as folder:
        for entry in folder.entries():
            stages.setdefault(fields(entry.text).get("stage", UNKNOWN), Share()).add(entry.payload_bytes)
    try:
        on_disk, layers = size_on_disk(root), layers_on_disk(root)
    except OSError as error:
        raise CacheError(f"can't read {root}: {error.strerror}; check its permissions") from error
    return FolderFacts(sum(share.entries for share in stages.values()), stages, on_disk, layers, uses(root))


def statistics(store: Listed, now: float | None = None) -> Statistics:
    """Count what a store holds; `now` is in seconds since 1970. Takes two passes over its key texts."""
    now = time.time() if now is None else now
    clips = _clips(walk(store))
    found = Statistics(Share(), {}, {}, {name: Share() for name, _ in _AGES})
    for entry in store.entries():
        clip = clips.get(Key(entry.text).digest, UNKNOWN)
        age = next(name for name, limit in _AGES if now - entry.written < limit)
        shares = (
            found.total,
            found.stages.setdefault(fields(entry.text).get("stage", UNKNOWN), Share()),
            found.clips.setdefault(clip, Share()),
            found.ages[age],
        )
        for share in shares:
            share.add(entry.payload_bytes)
    return found


def _clips(entries: Iterable[Kept]) -> dict[bytes, str]:
    """Return for each entry's digest, and for each frame's id, the clip it comes from."""
    clips: dict[bytes, str] = {}
    waiting: list[tuple[bytes, list[bytes]]] = []
    for kept in entries:
        digest = Key(kept.entry.text).digest
        lines = fields(kept.entry.text)
        if lines.get("stage") == "clip" and kept.id is not None:
            clips[digest] = kept.id
            if _is_hash(lines.get("stamp", "")):
                clips[bytes.fromhex(lines["stamp"])] = kept.id
        elif _is_hash(lines.get("clip", "")):
            clips[digest] = lines["clip"]
            if kept.id is not None:
                _note(clips, bytes.fromhex(kept.id), [lines["clip"]])
        else:
            # Swapped crops come from a clip and from pictures, which are clips too: the frame tells.
            # Facts of a clip are kept by its files' stamp alone.
            named = [lines[name] for name in ("frame", "stamp") if _is_hash(lines.get(name, ""))][:1]
            named = named or references(kept.entry.text)
            waiting.append((digest, [bytes.fromhex(value) for value in named]))
    for digest, parents in _parents_first(waiting):
        _note(clips, digest, [clips[parent] for parent in parents if parent in clips])
    return clips


def _is_hash(value: str) -> bool:
    # A key text in a cache may say anything.
    return HEX.fullmatch(value) is not None


def _note(clips: dict[bytes, str], name: bytes, found: list[str]) -> None:
    for clip in found:
        clips[name] = clip if clips.get(name, clip) == clip else SHARED


def _parents_first(waiting: list[tuple[bytes, list[bytes]]]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Yield the entries so that what an entry comes from is met before it."""
    left = dict(waiting)
    for name, _ in waiting:
        chain = [name]
        on_the_way = {name}  # entries may lead in a circle
        while chain:
            parents = left.get(chain[-1])
            if parents is None:
                on_the_way.discard(chain.pop())
            elif following := [
                parent for parent in dict.fromkeys(parents) if parent in left and parent not in on_the_way
            ]:
                chain += following
                on_the_way.update(following)
            else:
                yield chain[-1], parents
                on_the_way.discard(chain[-1])
                del left[chain.pop()]
