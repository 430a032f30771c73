# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cache holds, counted by stage, by clip and by age."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import CacheError
from ...units import DAY_SECONDS
from ..base.key import SHA256_HEX, Key
from ..packs.disk_usage import layer_bytes_on_disk, size_on_disk
from ..packs.layout import is_cache_folder
from ..removal.dependents import CacheEntry
from ..stores.local import PackStore
from ..stores.usage_log import UsageTotals, read_usage
from .lineage import PurgeableStore, key_fields, references, walk_entries

_AGES = (
    ("today", DAY_SECONDS),
    ("this week", 7 * DAY_SECONDS),
    ("this month", 30 * DAY_SECONDS),
    ("older", float("inf")),
)
_MOVING_STAGES = ("frame", "cuts")
"""Of an image there are no cuts and no frame but the first."""
SEVERAL_CLIPS = "several"
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
    """What a cache holds. Keys of `clips` are clip ids, or SEVERAL_CLIPS and UNKNOWN for what is not one clip's.

    `images` are the clips of one image, as source images are.
    """

    total: Share
    stages: dict[str, Share]
    clips: dict[str, Share]
    ages: dict[str, Share]
    images: frozenset[str] = frozenset()

    def as_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        parts = {"stages": self.stages, "clips": self.clips, "ages": self.ages}
        return vars(self.total) | {
            name: {key: vars(share) for key, share in shares.items()} for name, shares in parts.items()
        }


@dataclass(frozen=True)
class FolderSummary:
    """What a cache folder holds, in few numbers."""

    entries: int
    stages: Mapping[str, Share]
    bytes_on_disk: int
    layer_bytes: int
    """What the layer images beside the results take, which no size limit counts."""
    usage: UsageTotals | None
    """Hits and misses of all runs so far."""


def folder_summary(root: Path) -> FolderSummary:
    """Return what a cache folder holds, with one look through its key texts; all zero where there is none.

    For a background thread: a million entries take seconds. Nothing is written. Raises CacheError where the
    folder can't be read.
    """
    if not is_cache_folder(root):
        return FolderSummary(0, {}, 0, 0, None)
    stages: dict[str, Share] = {}
    with closing(PackStore(root, read_only=True)) as folder:
        for entry in folder.entries():
            stages.setdefault(key_fields(entry.text).get("stage", UNKNOWN), Share()).add(entry.payload_bytes)
    try:
        on_disk, layers = size_on_disk(root), layer_bytes_on_disk(root)
    except OSError as error:
        raise CacheError(f"can't read {root}: {error.strerror}; check its permissions") from error
    return FolderSummary(
        sum(share.entries for share in stages.values()), stages, on_disk, layers, read_usage(root)
    )


def statistics(store: PurgeableStore, now: float | None = None) -> Statistics:
    """Count what a store holds; `now` is in seconds since 1970. Takes two passes over its key texts."""
    now = time.time() if now is None else now
    clips = _clips(walk_entries(store))
    summary = Statistics(Share(), {}, {}, {name: Share() for name, _ in _AGES})
    first_frames, moving = set(), {UNKNOWN, SEVERAL_CLIPS}
    for entry in store.entries():
        clip = clips.get(Key(entry.text).digest, UNKNOWN)
        lines = key_fields(entry.text)
        if lines.get("stage") == "frame" and lines.get("number") == "0":
            first_frames.add(clip)
        elif lines.get("stage") in _MOVING_STAGES:
            moving.add(clip)
        age = next(name for name, limit in _AGES if now - entry.written_at < limit)
        shares = (
            summary.total,
            summary.stages.setdefault(lines.get("stage", UNKNOWN), Share()),
            summary.clips.setdefault(clip, Share()),
            summary.ages[age],
        )
        for share in shares:
            share.add(entry.payload_bytes)
    return replace(summary, images=frozenset(first_frames - moving))


def _clips(entries: Iterable[CacheEntry]) -> dict[bytes, str]:
    """Return for each entry's digest, and for each frame's id, the clip it comes from."""
    clips: dict[bytes, str] = {}
    waiting: list[tuple[bytes, list[bytes]]] = []
    for kept in entries:
        digest = Key(kept.info.text).digest
        lines = key_fields(kept.info.text)
        if lines.get("stage") == "clip" and kept.id is not None:
            clips[digest] = kept.id
            if _is_hash(lines.get("stamp", "")):
                clips[bytes.fromhex(lines["stamp"])] = kept.id
        elif _is_hash(lines.get("clip", "")):
            clips[digest] = lines["clip"]
            if kept.id is not None:
                _assign_clip(clips, bytes.fromhex(kept.id), [lines["clip"]])
        else:
            # Swapped crops come from a clip and from images, which are clips too: the frame tells.
            # Facts of a clip are kept by its files' stamp alone.
            named = [lines[name] for name in ("frame", "stamp") if _is_hash(lines.get(name, ""))][:1]
            named = named or references(kept.info.text)
            waiting.append((digest, [bytes.fromhex(value) for value in named]))
    for digest, parents in _order_parents_first(waiting):
        _assign_clip(clips, digest, [clips[parent] for parent in parents if parent in clips])
    return clips


def _is_hash(value: str) -> bool:
    # A key text in a cache may say anything.
    return SHA256_HEX.fullmatch(value) is not None


def _assign_clip(clips: dict[bytes, str], digest: bytes, candidates: list[str]) -> None:
    for clip in candidates:
        clips[digest] = clip if clips.get(digest, clip) == clip else SEVERAL_CLIPS


def _order_parents_first(pending: list[tuple[bytes, list[bytes]]]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Yield the entries so that what an entry comes from is met before it."""
    left = dict(pending)
    for name, _ in pending:
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
