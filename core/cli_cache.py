# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy cache`: what a cache folder holds, and deleting it."""

from collections import Counter
from pathlib import Path

from .cache.folder import PackFolder
from .errors import CacheError


def stats(root: Path) -> None:
    """Print how many results of each stage a cache folder holds, and their size."""
    folder = _opened(root)
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for entry in folder.entries():
        lines = dict(line.partition("=")[::2] for line in entry.text.splitlines())
        stage = lines.get("stage", "?")
        counts[stage] += 1
        sizes[stage] += entry.payload_bytes
    for stage, count in sorted(counts.items()):
        print(f"{stage:<10} {count:>8} {sizes[stage] / 1e6:>10.1f} MB")
    print(f"{'all':<10} {counts.total():>8} {sizes.total() / 1e6:>10.1f} MB")
    folder.close()


def purge(root: Path) -> None:
    """Delete everything a cache folder holds. Raises CacheError if some of it can't be."""
    folder = _opened(root)
    freed = folder.purge()
    troubles = folder.warnings
    folder.close()
    print(f"{freed / 1e6:.1f} MB deleted from {root}")
    if troubles:
        raise CacheError(troubles[0])


def _opened(root: Path) -> PackFolder:
    if not (root / "format").is_file():
        raise CacheError(f"there is no cache in {root}: give the folder that --cache-dir named")
    return PackFolder(root)
