# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cache folder holds besides packs: the marks that backups and git skip it by, and its format.

`format` names the version of the packs beside it. A folder of another version is shared in peace: this
version then keeps its packs in the sub-folder `format-1`, and does not touch the others but to purge them.
So moving between versions loses nothing, and no version reads what it does not know.
"""

import os
import re
from pathlib import Path

from ..errors import CacheError
from .files import put_whole
from .pack import PACK_NAME
from .record import FORMAT

LAYERS = "layers"
"""The sub-folder for a project's layer pictures: what a timeline shows, and none of the cache's own."""
ENGINES = "engines"
"""The sub-folder for what processors build from models. Such an engine is run: it is made and used on one machine."""
_SUB_FOLDER = "format-"
_OURS = re.compile(
    rf"{PACK_NAME.pattern}|{PACK_NAME.pattern.replace('pack', 'idx')}|{_SUB_FOLDER}[0-9]+|{LAYERS}|{ENGINES}"
    r"|lost[+]found|[.].*"
)
_MARKS = {
    "CACHEDIR.TAG": (
        "Signature: 8a477f597d28d172789f06886806bc55\n"
        "# This folder is a cache made by Understudy. It can be deleted at any time.\n"
        "# About this file: https://bford.info/cachedir/\n"
    ),
    ".gitignore": "*\n",
    "format": f"{FORMAT}\n",  # last: it says that the folder is ready
}


def prepare(root: Path, *, group: bool = False) -> Path:
    """Make `root` a cache folder, if it is none yet; return the folder for our packs.

    A new folder is for its owner only, or for its owner and group where that is asked for.

    Raises CacheError where that is impossible, or where the folder holds something else: a mark there would
    take the user's own files out of backups and git.
    """
    try:
        _make(root, group=group)
        version = _read_format(root)
        if version is None:
            _refuse_foreign(root)
            for name, text in _MARKS.items():
                put_whole(root / name, text.encode(), file_mode(group=group))
            version = _read_format(root)
        if version == str(FORMAT):
            home = root
        else:
            home = root / f"{_SUB_FOLDER}{FORMAT}"
            _make(home, group=group)
        with os.scandir(home):  # it must at least be readable
            return home
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CacheError(f"can't use cache folder {root} ({reason}): choose another cache folder") from error


def is_prepared(root: Path) -> bool:
    """Tell whether a folder is a cache folder already."""
    return (root / "format").is_file()


def file_mode(*, group: bool) -> int:
    """Return the permissions of a cache's files."""
    return 0o660 if group else 0o600


def _make(folder: Path, *, group: bool) -> None:
    new = not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if new and group:
        folder.chmod(0o2770)  # files made here belong to the folder's group


def pack_folders(root: Path) -> list[Path]:
    """List every folder under a cache folder that may hold packs, of any format. Raises OSError."""
    with os.scandir(root) as listing:
        subs = [entry.name for entry in listing if entry.is_dir(follow_symlinks=False)]
    return [root, *(root / name for name in sorted(subs) if name.startswith(_SUB_FOLDER))]


def size_on_disk(root: Path) -> int:
    """Return the bytes of all files of a cache folder but the layer pictures, as the file system says now.

    Raises OSError.
    """
    return _size(root, without=LAYERS)


def layers_on_disk(root: Path) -> int:
    """Return the bytes of the layer pictures that lie in a cache folder. Raises OSError."""
    return _size(root / LAYERS) if (root / LAYERS).is_dir() else 0


def _size(root: Path, without: str = "") -> int:
    size = 0
    with os.scandir(root) as listing:
        for entry in listing:
            try:
                if entry.name == without:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    size += _size(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    size += entry.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                continue
    return size


def _read_format(root: Path) -> str | None:
    try:
        with (root / "format").open("rb") as file:
            return file.read(16).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None


def _refuse_foreign(root: Path) -> None:
    for name in (path.name for path in root.iterdir()):
        if name not in _MARKS and not _OURS.fullmatch(name):
            raise CacheError(f"{root} holds other files: choose an empty or a new folder for the cache")
