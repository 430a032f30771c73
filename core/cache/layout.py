# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cache folder holds besides packs: the marks that backups and git skip it by, and its format.

`format` names the version of the packs beside it. A folder of another version is shared in peace: this
version then keeps its packs in the sub-folder `format-1`, and does not touch the others but to purge them.
So moving between versions loses nothing, and no version reads what it does not know.
"""

import os
from pathlib import Path

from ..errors import CacheError
from .pack import PACK_NAME
from .record import FORMAT

_SUB_FOLDER = "format-"
_MARKS = {
    "CACHEDIR.TAG": (
        "Signature: 8a477f597d28d172789f06886806bc55\n"
        "# This folder is a cache made by Understudy. It can be deleted at any time.\n"
        "# About this file: https://bford.info/cachedir/\n"
    ),
    ".gitignore": "*\n",
    "format": f"{FORMAT}\n",  # last: it says that the folder is ready
}


def prepare(root: Path) -> Path:
    """Make `root` a cache folder, for its owner only, if it is none yet; return the folder for our packs.

    Raises CacheError where that is impossible, or where the folder holds something else: a mark there would
    take the user's own files out of backups and git.
    """
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        version = _read_format(root)
        if version is None:
            _refuse_foreign(root)
            for name, text in _MARKS.items():
                _write(root, name, text)
            version = _read_format(root)
        if version == str(FORMAT):
            home = root
        else:
            home = root / f"{_SUB_FOLDER}{FORMAT}"
            home.mkdir(mode=0o700, exist_ok=True)
        with os.scandir(home):  # it must at least be readable
            return home
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CacheError(f"can't use cache folder {root} ({reason}): choose another cache folder") from error


def pack_folders(root: Path) -> list[Path]:
    """List every folder under a cache folder that may hold packs, of any format. Raises OSError."""
    with os.scandir(root) as listing:
        subs = [entry.name for entry in listing if entry.is_dir(follow_symlinks=False)]
    return [root, *(root / name for name in sorted(subs) if name.startswith(_SUB_FOLDER))]


def _read_format(root: Path) -> str | None:
    try:
        with (root / "format").open("rb") as file:
            return file.read(16).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None


def _refuse_foreign(root: Path) -> None:
    for name in (path.name for path in root.iterdir()):
        if name not in _MARKS and name[0] != "." and name != "lost+found" and not PACK_NAME.fullmatch(name):
            raise CacheError(f"{root} holds other files: choose an empty or a new folder for the cache")


def _write(root: Path, name: str, text: str) -> None:
    # Moved into place whole, so that no other process reads half of it.
    temporary = root / f".{name}.{os.getpid()}.tmp"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w", encoding="ascii", newline="\n") as file:
        file.write(text)
    temporary.replace(root / name)
