# SPDX-License-Identifier: GPL-3.0-or-later
"""Where something is: a root that its user chose, and the names of folders below it."""

from dataclasses import dataclass
from pathlib import Path

from .folder import Folder


@dataclass(frozen=True)
class Location:
    """A folder by its root and the names below that. Links are followed in the root alone."""

    root: Path
    names: tuple[str, ...] = ()

    def __truediv__(self, name: str) -> "Location":
        return Location(self.root, (*self.names, name))

    @property
    def path(self) -> Path:
        """The path, for messages and for programs that take nothing else."""
        return self.root.joinpath(*self.names)

    def open(self) -> Folder:
        """Open the folder. Raises OSError, also where a name below the root is a link."""
        folder = Folder(self.root)
        for name in self.names:
            with folder:
                folder = folder.open_child(name)
        return folder

    def make(self, mode: int) -> Folder:
        """Open the folder; it, its root and what is between are made if need be. Raises OSError.

        What is made, and what is below the root and ours, gets exactly the permissions `mode`; so does a root
        without names below it.
        """
        self.root.mkdir(mode=mode & 0o777, parents=True, exist_ok=True)
        folder = Folder(self.root)
        try:
            if not self.names:
                folder.set_mode(mode)
            for name in self.names:
                with folder:
                    folder = folder.make_child(name, mode)
        except BaseException:
            folder.close()
            raise
        return folder
