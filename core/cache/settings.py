# SPDX-License-Identifier: GPL-3.0-or-later
"""Where results are kept, and how: plain values, which who opens a cache is given."""

from dataclasses import dataclass, field
from pathlib import Path

from ..filesystem import Access

MEMORY_BYTES = 1 << 27


@dataclass(frozen=True)
class CacheSettings:
    """Where results are kept, and how."""

    folder: Path
    """The cache folder on this machine."""
    memory_bytes: int = MEMORY_BYTES
    shared_folder: Path | None = None
    """A cache folder on a share. It must be there, or be one that can be made in a folder that is."""
    redis_url: str | None = field(default=None, repr=False)
    """A Redis server, such as redis://HOST:6379/0. It may carry a password: never show it."""
    secret: bytes | None = field(default=None, repr=False)
    """32 bytes that results are sealed with; None leaves them readable."""
    shared_with_group: bool = False
    """Whether what is made, here and in the shared folder, is for the folder's group too, not for its owner only."""
    cap_bytes: int | None = None
    """How large the results in the folder on this machine may grow together; None for no bound."""
    max_age: float | None = None
    """After how many seconds without use results are dropped from that folder; None for never."""
    keep: bool = True
    """Whether anything is kept anywhere but in memory, while the run lasts."""
    trusted: tuple[Path, ...] = ()
    """Folders of other owners that may be written to, and all below them."""
    shared_read_only: bool = False
    """Whether shared places are read alone: nothing of this run goes there."""
    signing_key: bytes | None = field(default=None, repr=False)
    """32 bytes that results are signed with; what is not signed with them is a miss. None for no signing."""

    @property
    def access(self) -> Access:
        """Who may use what is made in the folders of the cache, and whose folders are written to."""
        return Access(self.shared_with_group, self.trusted)
