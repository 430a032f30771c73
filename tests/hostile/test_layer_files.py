# SPDX-License-Identifier: GPL-3.0-or-later
"""V8, V11: what stands in a layer file's place: what is no file, and files that are large or say so."""

import os
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hostile.layer_folders import FACE, ID, NAMES, Count, cache, posix_only
from understudy.core.errors import OutputError
from understudy.core.fusion.patch import Patch
from understudy.core.layers.folder import LayerFolder
from understudy.core.layers.label import LABEL_BYTES, MAX_LAYER_BYTES, label_text
from understudy.core.layers.placeholder import PLACEHOLDER
from understudy.core.layers.tiff import layer_pieces

__all__ = ["cache"]


@posix_only
@pytest.mark.parametrize("kind", ["fifo", "folder", "socket"])
def test_v8_what_is_no_file_in_a_layers_place_holds_up_nothing(
    dashboard: Count, cache: Path, kind: str
) -> None:
    dashboard("inputs")
    folder = LayerFolder(cache, ID)
    folder.make()
    place = folder.path / NAMES[0]
    if kind == "fifo":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        os.mknod(place, stat.S_IFSOCK | 0o600)

    def work() -> None:
        assert folder.label(NAMES[0]) is None
        assert folder.names() == []
        if kind == "folder":
            with pytest.raises(OutputError, match="Is a directory"):
                folder.write(NAMES[0], FACE)
            assert folder.blank_with_report().foreign == 1
        else:
            folder.add_placeholders(NAMES[:1])
            assert place.read_bytes() == PLACEHOLDER

    run_within(120, work)


def run_within(seconds: float, work: Callable[[], None]) -> None:
    """Run something on a thread; fail if it does not come to an end."""
    faults: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - it is raised below
            faults.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "it hangs"
    if faults:
        raise faults[0]


def sparse(path: Path, head: bytes, size: int) -> None:
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)


HEAD = b"".join(layer_pieces("ab" * 32, Patch(0, 0, np.full((64, 64, 4), 255, np.uint8)), (640, 640)))
BOMBS = {
    "60 GB": (HEAD, 60 << 30),
    "2 GB": (HEAD, MAX_LAYER_BYTES),
    "2 GB of nothing": (b"", MAX_LAYER_BYTES),
    "a label at the end of the head": (
        bytes((1 << 22) - LABEL_BYTES) + label_text("ab" * 32, 0, None),
        1 << 30,
    ),
    "directory that leads to itself": (struct.pack("<2sHIH", b"II", 42, 8, 65535), 1 << 30),
}


@posix_only
@pytest.mark.parametrize("bomb", BOMBS)
def test_v11_a_large_lie_costs_no_memory(dashboard: Count, cache: Path, bomb: str) -> None:
    dashboard("memory")
    folder = LayerFolder(cache, ID)
    folder.make()
    sparse(folder.path / NAMES[0], *BOMBS[bomb])
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from understudy.core.layers.folder import LayerFolder\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        f"assert LayerFolder(Path(sys.argv[1]), {ID!r}).label({NAMES[0]!r}) is None\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, cache],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_large_layer_is_known_part_by_part(cache: Path) -> None:
    folder = LayerFolder(cache, ID)
    face = np.random.default_rng(1).integers(1, 256, (4200, 4200, 4), np.uint8)
    folder.write(NAMES[0], *layer_pieces("ab" * 32, Patch(64, 0, face), (4300, 4300)))
    assert (folder.path / NAMES[0]).stat().st_size > 1 << 26
    label = folder.label(NAMES[0])
    assert label is not None
    assert label.key == "ab" * 32
    with (folder.path / NAMES[0]).open("r+b") as file:
        file.seek(-5, os.SEEK_END)
        file.write(b"\x01\x02")
    assert folder.label(NAMES[0]) is None
