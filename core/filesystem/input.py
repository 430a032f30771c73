# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are read: those that a user named, a clip, an image, a model, by links too; and whether one can be."""

import errno
import os
import stat
from io import FileIO
from pathlib import Path

from .folder import Folder

_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    # A pipe or a device in a file's place would otherwise be waited for.
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # not on Windows


def open_input(path: Path) -> FileIO:
    """Open a regular file for reading. Raises OSError, at once also for a pipe, a device or a folder."""
    fd = os.open(path, _OPEN_FLAGS)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return FileIO(fd, "rb")


def read_input(path: Path, max_bytes: int) -> bytes:
    """Return a file's bytes; of a file that grows meanwhile the beginning, as long as it was.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    max_bytes : int
        How large it may be.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    OSError
        It can't be read, or is larger: then none of it is read.
    """
    with open_input(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > max_bytes:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        data = file.read(size) or b""
        while 0 < len(data) < size:  # one call reads 2 GiB at most
            piece = file.read(size - len(data))
            if not piece:
                break
            data += piece
        return data


def has_content(path: Path) -> bool:
    """Tell whether there is a regular file from which something can be read; a link is none, as in a `Folder`.

    For who asks at every frame: on a network this opens the file on its server, and nothing else is opened.
    """
    try:
        if not _NO_FOLLOW:
            with Folder(path.parent) as folder:
                return bool(folder.read_beginning(path.name, 1))
        fd = os.open(path, _OPEN_FLAGS | _NO_FOLLOW)
    except OSError:
        return False
    try:
        return stat.S_ISREG(os.fstat(fd).st_mode) and bool(os.read(fd, 1))
    except OSError:
        return False
    finally:
        os.close(fd)
