# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON files that can't be used are refused in one line that is not long."""

import pytest
from understudy.core.errors import BatchError


def check_refusal(read, path, fault):
    """Reading a file is refused with the fault, in one line."""
    with pytest.raises(BatchError, match=fault) as raised:
        read(path)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


def check_files_that_are_none(read, folder, entry, size):
    """A file of `size` bytes, one that is no UTF-8, one that is missing and a folder are refused by their names."""
    (folder / "large.json").write_bytes(b" " * size)
    (folder / "latin.json").write_bytes(f'{{"{entry}": "\xff"}}'.encode("latin-1"))
    for name in ("large.json", "latin.json", "missing.json", "."):
        with pytest.raises(BatchError, match=name if name != "." else str(folder)):
            read(folder / name)
