# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy every result of one cache folder into another, as it is: encrypted and signed ones stay so."""

from contextlib import closing
from pathlib import Path

from ...errors import CacheError
from ...filesystem import Access
from ..base.key import Key
from ..stores.local import PackStore


def copy_entries(source: Path, target: Path, access: Access | None = None) -> int:
    """Copy the results of a cache folder that another has not.

    Parameters
    ----------
    source, target : pathlib.Path
        Cache folders. `target` is made if need be.
    access : Access, optional
        For whom what is written is; its owner alone by default.

    Returns
    -------
    int
        How many results were copied. What is damaged is left out, and so is what no longer fits on the disk.

    Raises
    ------
    CacheError
        One of the folders can't be used.
    """
    copied = 0
    with closing(PackStore(source, read_only=True)) as old, closing(PackStore(target, access=access)) as new:
        if new.write_fault:
            raise CacheError(new.write_fault)
        for entry in old.entries():
            key = Key(entry.text)
            arrays = None if key in new else old.get(key)
            if arrays is not None:
                new.put(key, arrays)
                copied += 1
    return copied
