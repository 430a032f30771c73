# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders to import from that somebody else made: all that is not as exported is left out, and nothing else."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.maintenance.import_export import TransferCounts, export, import_into
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.errors import CacheError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")

Dashboard = Callable[[str], None]
GOOD, BAD = (stage_key("swap", 1, {"number": number}) for number in range(2))
VALUE = {"crop": np.arange(48, dtype=np.uint8).reshape(4, 4, 3), "mask": np.ones((4, 4), np.float32)}
COLUMNS = np.asfortranarray(np.arange(12, dtype=np.float64).reshape(3, 4))


class Place:
    """An export of two entries, the second of which is made hostile."""

    def __init__(self, folder: Path) -> None:
        with closing(PackStore(folder / "cache")) as store:
            for key in (GOOD, BAD):
                store.put(key, VALUE)
            export(store.entries(), store, folder / "out")
        self.root = folder / "out"
        self.stage = self.root / "swap"
        self.json = self.stage / f"{BAD.hex}.json"
        self.npy = self.stage / f"{BAD.hex}.0.npy"

    def change(self, **values: object) -> None:
        """Put other values into the entry's description."""
        self.json.write_text(json.dumps(json.loads(self.json.read_text()) | values))

    def change_array(self, **values: object) -> None:
        """Put other values into what is said of the array."""
        arrays = json.loads(self.json.read_text())["arrays"]
        self.change(arrays=arrays | {"crop": arrays["crop"] | values})

    def rename(self, text: str, **values: object) -> None:
        """Make it the entry of another key text, rightly hashed."""
        self.name_lines(
            text.removesuffix("\n").split("\n"), hashlib.sha256(text.encode("utf-8", "surrogatepass"))
        )
        self.change(**values)

    def name_lines(self, lines: list[str], digest: Any) -> None:
        arrays = json.loads(self.json.read_text())["arrays"]
        for about in arrays.values():
            file = self.stage / about["file"]
            about["file"] = about["file"].replace(BAD.hex, digest.hexdigest())
            file.rename(self.stage / about["file"])
        self.change(key=digest.hexdigest(), key_text=lines, arrays=arrays)
        self.json = self.json.rename(self.stage / f"{digest.hexdigest()}.json")

    def header(self, text: str, body: bytes = b"") -> None:
        """Write an .npy file with a header of one's own."""
        raw = text.encode().ljust(117) + b"\n"
        self.npy.write_bytes(b"\x93NUMPY\x01\x00" + len(raw).to_bytes(2, "little") + raw + body)

    def replace(self, path: Path, make: Callable[[Path], object]) -> None:
        path.unlink()
        make(path)


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


def outside(place: Place) -> Path:
    path = place.root.parent / "outside.npy"
    place.npy.rename(path)
    return path


def write_pickle(place: Place) -> None:
    np.save(place.npy, np.array([{"a": 1}], object), allow_pickle=True)


DEEP = "[" * 500_000
NAMES = "{'descr': '|u1', 'fortran_order': False, 'shape': %s, }"
HOSTILE: dict[str, Callable[[Place], object]] = {
    "nested too deep": lambda place: place.json.write_text(DEEP),
    "nested objects": lambda place: place.json.write_text('{"key_text":' * 200_000),
    "no JSON": lambda place: place.json.write_bytes(b"\xff\xfe\0{"),
    "empty": lambda place: place.json.write_bytes(b""),
    "a list": lambda place: place.json.write_text("[]"),
    "a number": lambda place: place.json.write_text("7"),
    "NaN for a key": lambda place: place.json.write_text('{"key": NaN, "key_text": NaN, "arrays": NaN}'),
    "a number of a million digits": lambda place: place.json.write_text("9" * 1_000_000),
    "key text of numbers": lambda place: place.change(key_text=[1, 2]),
    "key text of one text": lambda place: place.change(key_text="number=1\nstage=swap\nversion=1"),
    "key text of another": lambda place: place.change(key_text=["stage=swap"]),
    "lines within a line": lambda place: place.change(key_text=["number=1\nstage=swap\nversion=1"]),
    "surrogates in the key text": lambda place: place.rename("stage=\ud800\n"),
    "a key text too long": lambda place: place.rename("stage=" + "x" * (1 << 20) + "\n"),
    "a key that is null": lambda place: place.change(key=None),
    "another key": lambda place: place.change(key=GOOD.hex),
    "arrays that are a list": lambda place: place.change(arrays=[1, 2]),
    "arrays that are null": lambda place: place.change(arrays=None),
    "an array that is null": lambda place: place.change(arrays={"crop": None}),
    "a million arrays": lambda place: place.change(arrays={str(number): {} for number in range(100_000)}),
    "a name that occurs twice": lambda place: place.json.write_text(
        place.json.read_text().replace('"mask": {', '"crop": {')
    ),
    "a reserved name": lambda place: place.change(
        arrays={"__metadata__": json.loads(place.json.read_text())["arrays"]["crop"]}
    ),
    "surrogates in a name": lambda place: place.change(
        arrays={"\ud800": json.loads(place.json.read_text())["arrays"]["crop"]}
    ),
    "a file that is a number": lambda place: place.change_array(file=3),
    "a file above": lambda place: place.change_array(file=f"../../{outside(place).name}"),
    "a file at an absolute path": lambda place: place.change_array(file=str(outside(place))),
    "a file of another entry": lambda place: place.change_array(file=f"{GOOD.hex}.0.npy"),
    "a shape that is text": lambda place: place.change_array(shape="4, 4, 3"),
    "a shape that is null": lambda place: place.change_array(shape=None),
    "another dtype": lambda place: place.change_array(dtype="|i1"),
    "a description that is a pipe": lambda place: place.replace(place.json, os.mkfifo),
    "a description that is a link": lambda place: (
        place.json.rename(place.root.parent / "d.json"),
        place.json.symlink_to(place.root.parent / "d.json"),
    ),
    "a description that is a folder": lambda place: place.replace(place.json, Path.mkdir),
    "a description of a terabyte": lambda place: place.replace(place.json, sparse),
    "an array that is a pipe": lambda place: place.replace(place.npy, os.mkfifo),
    "an array that is a link": lambda place: place.npy.symlink_to(outside(place)),
    "an array that is a device": lambda place: place.replace(
        place.npy, lambda path: path.symlink_to("/dev/zero")
    ),
    "an array of a terabyte": lambda place: place.replace(place.npy, sparse),
    "an array that is missing": lambda place: place.npy.unlink(),
    "an array cut off": lambda place: os.truncate(place.npy, 130),
    "an array with more behind": lambda place: place.npy.write_bytes(place.npy.read_bytes() + b"x"),
    "a pickle": write_pickle,
    "a header without an end": lambda place: place.npy.write_bytes(b"\x93NUMPY\x01\x00\xff\xff{"),
    "a header of four gigabytes": lambda place: place.npy.write_bytes(
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'a"
    ),
    "a header nested deep": lambda place: place.header(NAMES % ("(" * 60 + ")" * 60), bytes(48)),
    "a header that is code": lambda place: place.header("__import__('os').system('touch owned')"),
    "a negative shape": lambda place: place.header(NAMES % "(-4, -4, 3)", bytes(48)),
    "a shape beyond all": lambda place: place.header(NAMES % "(999999999, 999999999, 999999999)", bytes(48)),
    "a shape of many sides": lambda place: place.header(NAMES % ("(" + "1," * 40 + ")"), b"x"),
    "an empty shape of much": lambda place: place.header(NAMES % "(0, 99999999999)"),
    "structures": lambda place: place.header(
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", bytes(4)
    ),
    "complex numbers": lambda place: (
        np.save(place.npy, np.zeros((4, 4, 3), np.complex64)),
        place.change_array(dtype="<c8"),
    ),
    "text": lambda place: (np.save(place.npy, np.array(["a"])), place.change_array(dtype="<U1", shape=[1])),
    "big ends": lambda place: (
        np.save(place.npy, np.zeros((4, 4, 3), ">f4")),
        place.change_array(dtype=">f4"),
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_v14_what_is_not_as_exported_is_left_out(what: str, tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("inputs")
    place = Place(tmp_path)
    HOSTILE[what](place)
    with closing(PackStore(tmp_path / "other")) as store:
        done = import_into(store, place.root)
        assert done.copied == 1
        assert done.skipped <= 1
        assert values_equal(store.get(GOOD))
        assert len(list(store.entries())) == 1
        assert store.warnings == ()
    assert not list(Path().glob("owned"))


ODD_FOLDERS: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a file": Path.touch,
    "nothing": lambda _: None,
    "a loop of links": lambda path: path.symlink_to(path),
}


@pytest.mark.parametrize("what", ODD_FOLDERS)
def test_v14_what_is_no_folder_is_refused(what: str, tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("inputs")
    ODD_FOLDERS[what](tmp_path / "out")
    with pytest.raises(CacheError, match="export has written"):
        import_into(MemoryStore(1 << 20), tmp_path / "out")


def test_v14_only_stages_and_entries_are_looked_into(tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("inputs")
    place = Place(tmp_path)
    (place.root / "linked").symlink_to(place.stage)
    (place.root / "Other Stage").mkdir()
    (place.root / "file").touch()
    os.mkfifo(place.root / "pipe")
    (place.stage / "notes.json").write_text("{}")
    (place.stage / "below").mkdir()
    place.json.rename(place.stage / "below" / place.json.name)
    assert import_into(MemoryStore(1 << 20), place.root) == TransferCounts(1, 0)


def test_v14_memory_is_bounded_by_what_is_there(tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("memory")
    place = Place(tmp_path)
    place.header(NAMES % "(99999999999,)")
    os.truncate(place.npy, 99999999999 + 128)
    place.change_array(shape=[99999999999])
    program = """if True:
        import resource, sys
        from pathlib import Path
        from understudy.core.cache.maintenance.import_export import import_into
        from understudy.core.cache.stores.memory import MemoryStore
        assert import_into(MemoryStore(1 << 20), Path(sys.argv[1])).copied == 1
        print(int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]))
    """
    command = [sys.executable, "-c", program, str(place.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert int(done.stdout) < 500_000


@pytest.mark.parametrize(
    "value",
    [
        COLUMNS,
        np.array(3.5),
        np.zeros((0, 4), np.float32),
        np.array([True]),
        np.arange(3, dtype=np.int64),
        COLUMNS.T,
    ],
    ids=["columns first", "no sides", "empty", "booleans", "whole numbers", "rows first"],
)
def test_what_is_as_exported_comes_in_bit_for_bit(value: np.ndarray, tmp_path: Path) -> None:
    with closing(PackStore(tmp_path / "cache")) as store:
        store.put(GOOD, {"value": value})
        export(store.entries(), store, tmp_path / "out")
    with closing(PackStore(tmp_path / "other")) as store:
        assert import_into(store, tmp_path / "out") == TransferCounts(1, 0)
        got = store.get(GOOD)["value"]
    assert (got.dtype, got.shape, got.tobytes()) == (value.dtype, value.shape, value.tobytes())


def test_arrays_saved_by_numpy_itself_with_either_order_come_in(tmp_path: Path) -> None:
    place = Place(tmp_path)
    value = np.asfortranarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    np.save(place.npy, value)
    store = MemoryStore(1 << 20)
    assert import_into(store, place.root) == TransferCounts(2, 0)
    assert values_equal(store.get(BAD))


def values_equal(got: Any) -> bool:
    return got is not None and all(got[name].tobytes() == array.tobytes() for name, array in VALUE.items())
