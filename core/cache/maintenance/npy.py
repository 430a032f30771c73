# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays from .npy files that may have been written by anybody.

NumPy's own reader makes the array that a header claims before it looks whether the file has it, and evaluates
the header as Python. Here the header has exactly the form that `np.save` writes, and the file exactly the length
that it says, before anything is allocated.
"""

import math
import os
import re
import struct

import numpy as np
import numpy.typing as npt

from ...filesystem import Folder

Array = npt.NDArray[np.generic]

_MAGIC = b"\x93NUMPY\x01\x00"  # the version that is written for plain kinds
_PREAMBLE = struct.Struct("<8sH")
_MAX_HEADER_BYTES = 4096
_HEADER_PATTERN = re.compile(
    rb"\{'descr': '([<|](?:b1|[iu][1248]|f[248]))', 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\), \} *\n"
)
_MAX_DIMENSIONS = 32


def read_npy(folder: Folder, name: str, max_bytes: int) -> Array:
    """Read an array of numbers from a file of NumPy's format.

    Parameters
    ----------
    folder : Folder
        Where the file is.
    name : str
        The file's name.
    max_bytes : int
        How large the file may be.

    Returns
    -------
    ndarray
        The array.

    Raises
    ------
    OSError
        There is no such regular file.
    ValueError
        It is anything else than that.
    """
    with os.fdopen(folder.open_file(name, os.O_RDONLY), "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(_PREAMBLE.size) or b""
        if len(start) < _PREAMBLE.size:
            raise ValueError("cut off")
        magic, header_bytes = _PREAMBLE.unpack(start)
        if magic != _MAGIC or header_bytes > _MAX_HEADER_BYTES:
            raise ValueError("no .npy file of plain numbers")
        header = _HEADER_PATTERN.fullmatch(file.read(header_bytes) or b"")
        if header is None:
            raise ValueError("no .npy file of plain numbers")
        dtype = np.dtype(header[1].decode())
        shape = _shape(header[3].decode())
        length = math.prod(shape) * dtype.itemsize
        if length > max_bytes or size != _PREAMBLE.size + header_bytes + length:
            raise ValueError("not as long as it says")
        raw = file.read(length) or b""
    if len(raw) != length:
        raise ValueError("cut off")
    flat = np.frombuffer(raw, dtype)
    return flat.reshape(shape[::-1]).T if header[2] == b"True" else flat.reshape(shape)


def _shape(text: str) -> tuple[int, ...]:
    sides = tuple(int(side) for side in text.split(",") if side.strip())
    if len(sides) > _MAX_DIMENSIONS:
        raise ValueError("too many sides")
    return sides
