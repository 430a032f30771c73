# SPDX-License-Identifier: GPL-3.0-or-later
"""Where results are kept, and how: plain values, which who opens a cache is given."""

from dataclasses import dataclass, field
from pathlib import Path

from ..filesystem import Access

CACHE_FOLDER_NAME = "understudy_cache"
"""The name of a project's cache folder, unless its user chose another."""
MEMORY_BYTES = 1 << 27


@dataclass(frozen=True)
class CacheSettings:
    """Where results are kept, and how.

    Attributes
    ----------
    folder : pathlib.Path
        The cache folder on this machine. It is made if it is missing.
    memory_bytes : int
        How many bytes of results are kept in memory too.
    shared_folder : pathlib.Path or None
        A cache folder on a share. It is made if it is missing, but not the folder that it is in.
    redis_url : str or None
        A Redis server, such as redis://HOST:6379/0. It may hold a password: never show it.
    secret : bytes or None
        32 bytes that results are encrypted with; None leaves them readable.
    shared_with_group : bool
        Whether what is made, here and in the shared folder, is for the folder's group too, and not for its owner only.
    cap_bytes : int or None
        How many bytes the results in the folder on this machine may take together; None for no bound.
    max_age : float or None
        After how many seconds without use results are dropped from that folder; None for never.
    keep : bool
        Whether anything is kept anywhere but in memory, while the run lasts.
    trusted : tuple of pathlib.Path
        Folders of other owners that may be written to, and all below them.
    shared_read_only : bool
        Whether shared places are only read: nothing of this run goes there.
    signing_key : bytes or None
        32 bytes that results are signed with; what is not signed with them is a miss. None for no signing.
    """

    folder: Path
    memory_bytes: int = MEMORY_BYTES
    shared_folder: Path | None = None
    redis_url: str | None = field(default=None, repr=False)
    secret: bytes | None = field(default=None, repr=False)
    shared_with_group: bool = False
    cap_bytes: int | None = None
    max_age: float | None = None
    keep: bool = True
    trusted: tuple[Path, ...] = ()
    shared_read_only: bool = False
    signing_key: bytes | None = field(default=None, repr=False)

    @property
    def access(self) -> Access:
        """Who may use what is made in the folders of the cache, and whose folders are written to."""
        return Access(self.shared_with_group, self.trusted)
