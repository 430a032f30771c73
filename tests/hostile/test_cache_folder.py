# SPDX-License-Identifier: GPL-3.0-or-later
"""Cache folders that somebody else prepared: look-alikes, links and pipes."""

import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hostile.cache_folders import IMPORT_PATHS, KEYS, Dashboard, arrays, contents, every_use, fill_cache, hits
from understudy.core.cache.factory import open_cache
from understudy.core.cache.removal.purge import purge_all
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.shared.lease_folder import remove_stale_leases
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.stores.usage_log import record_usage
from understudy.core.cli.main import main
from understudy.core.errors import CacheError
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and owners of POSIX")


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Path]:
    """Somebody's own pictures, papers and old things; checked in the end to be as they were."""
    folder = tmp_path / "private"
    (folder / "bg" / "deep").mkdir(parents=True)
    for name in (
        "holiday.tif",
        "bg/0001.tif",
        "bg/deep/source.c",
        "000000.tif",
        "a.lease",
        f"{'a' * 64}.txt",
    ):
        (folder / name).write_bytes(name.encode() * 1000)
        os.utime(folder / name, (1_000_000_000, 1_000_000_000))
    folder.chmod(0o755)
    before = contents(folder)
    yield folder
    assert contents(folder) == before
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


LOOK_ALIKES: dict[str, Callable[[Path, Path], object]] = {
    "layers alone": lambda root, _: (root / "layers" / "bg").mkdir(parents=True),
    "layers of our form alone": lambda root, _: (root / "layers" / ("0" * 16)).mkdir(parents=True),
    "engines alone": lambda root, _: (root / "engines" / "src").mkdir(parents=True),
    "a format file alone": lambda root, _: (root / "format").write_text("2\n"),
    "a format file and layers": lambda root, _: (
        (root / "format").write_text("2\n"),
        (root / "layers").mkdir(),
    ),
    "another program's tag": lambda root, _: (
        (root / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n# ccache\n"),
        (root / "format").write_text("2\n"),
    ),
    "a tag that is a link": lambda root, other: (
        fill_cache(other.parent / "real"),
        (root / "CACHEDIR.TAG").symlink_to(other.parent / "real" / "CACHEDIR.TAG"),
        (root / "format").write_text("2\n"),
    ),
    "our tag beside other files, without a format": lambda root, other: (
        fill_cache(other.parent / "real"),
        (root / "CACHEDIR.TAG").write_bytes((other.parent / "real" / "CACHEDIR.TAG").read_bytes()),
        (root / "holiday.tif").write_bytes(b"mine"),
    ),
    "a tag that is a pipe": lambda root, _: os.mkfifo(root / "CACHEDIR.TAG"),
    "a tag that is a folder": lambda root, _: (root / "CACHEDIR.TAG").mkdir(),
    "packs alone": lambda root, _: (root / f"{'0' * 16}-1-00000000.pack").write_bytes(b"mine"),
    "settings alone": lambda root, _: (root / ".bashrc").write_text("mine"),
    "somebody's gitignore": lambda root, _: (root / ".gitignore").write_text("*.o\n"),
}


@pytest.mark.parametrize("what", LOOK_ALIKES)
def test_v2_a_look_alike_is_refused_and_stays_as_it_is(
    what: str, tmp_path: Path, private: Path, dashboard: Dashboard
) -> None:
    dashboard("projects")
    root = tmp_path / "root"
    root.mkdir()
    LOOK_ALIKES[what](root, private)
    (root / "layers" / "bg").mkdir(parents=True, exist_ok=True) if "layers" in what else None
    for path in (root / "layers" / "bg" / "0001.tif", root / "engines" / "src" / "main.c"):
        if path.parent.is_dir():
            path.write_bytes(b"mine" * 1000)
    root.chmod(0o755)
    before = contents(root)
    with pytest.raises(CacheError, match="choose an empty or a new folder"):
        PackStore(root)
    every_use(root)
    assert contents(root) == before
    assert stat.S_IMODE(root.stat().st_mode) == 0o755


@pytest.mark.parametrize(
    "name", ["engines", ".leases", ".uses", "format-1", "format-99", ".janitor.lock", "format"]
)
def test_v2_v3_a_link_in_a_cache_leads_nowhere(
    name: str, tmp_path: Path, private: Path, dashboard: Dashboard
) -> None:
    dashboard("projects")
    root = fill_cache(tmp_path / "root")
    (root / name).unlink(missing_ok=True)
    target = private / "holiday.tif" if name in (".uses", ".janitor.lock", "format") else private
    (root / name).symlink_to(target)
    every_use(root)
    record_usage(root, PackStore(tmp_path / "other").counts, PackStore(tmp_path / "other").counts)
    assert remove_stale_leases(root / ".leases", 0) == 0


def test_v2_links_with_the_names_of_packs_lead_nowhere(
    tmp_path: Path, private: Path, dashboard: Dashboard
) -> None:
    dashboard("projects")
    root = fill_cache(tmp_path / "root")
    for number, ending in enumerate(("pack", "idx", "pack", "idx")):
        name = f"{number:016x}-1-00000000.{ending}"
        (root / name).symlink_to(private / "holiday.tif")
        (root / f".{number:016x}-1-00000000.{ending}.tmp").symlink_to(private / "holiday.tif")
    every_use(root)


def test_v2_a_pack_that_is_a_hard_link_to_a_file_elsewhere_is_removed_and_not_emptied(
    tmp_path: Path, private: Path, dashboard: Dashboard
) -> None:
    dashboard("projects")
    root = fill_cache(tmp_path / "root")
    os.link(private / "holiday.tif", root / f"{1:016x}-1-00000000.pack")
    before = (private / "holiday.tif").read_bytes()
    with closing(PackStore(root, read_only=True)) as store:
        assert store.get(KEYS[0]) is not None
    with closing(PackStore(root)) as store:
        store.purge()
    assert not list(root.glob("*.pack"))
    assert (private / "holiday.tif").read_bytes() == before


def test_v2_engines_lose_links_and_files_and_nothing_behind_a_link(
    tmp_path: Path, private: Path, dashboard: Dashboard
) -> None:
    dashboard("projects")
    root = fill_cache(tmp_path / "root")
    (root / "engines" / "model").mkdir(parents=True)
    (root / "engines" / "model" / "built").write_bytes(b"x" * 100)
    (root / "engines" / "model" / "out").symlink_to(private)
    (root / "engines" / "file").symlink_to(private / "holiday.tif")
    assert purge_all(root, time.time_ns()).errors == ()
    assert list((root / "engines").iterdir()) == []


def test_v3_gc_removes_dead_leases_and_nothing_else_there(tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("projects")
    root = fill_cache(tmp_path / "root")
    leases = root / ".leases"
    leases.mkdir()
    mine = [
        "letter.txt",
        "a.lease",
        f"{'A' * 64}.lease",
        f"{'a' * 63}.lease",
        f"{'a' * 64}.lease.txt",
        ".hidden",
    ]
    dead = [f"{'a' * 64}.lease", f"{'b' * 64}.{'c' * 32}"]
    for name in (*mine, *dead):
        (leases / name).write_bytes(b"x")
        os.utime(leases / name, (1, 1))
    (leases / f"{'d' * 64}.lease").mkdir()
    (leases / f"{'e' * 64}.lease").symlink_to(leases / "letter.txt")
    assert main(["cache", "gc", "--cap", "1G", "--cache-dir", str(root)]) == 0
    assert {path.name for path in leases.iterdir()} == {*mine, f"{'d' * 64}.lease", f"{'e' * 64}.lease"}


def special(kind: str, path: Path) -> None:
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        here = Path.cwd()
        os.chdir(path.parent)  # a socket's path may not be long
        try:
            socket.socket(socket.AF_UNIX).bind(path.name)
        finally:
            os.chdir(here)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")


SPECIAL = [
    *(("pipe", name) for name in ("format", ".uses", ".uses.lock", ".janitor.lock", "pack", "idx")),
    *(("device", name) for name in ("format", ".uses", "idx")),
    ("socket", "pack"),
    ("folder", "format"),
    ("folder", "idx"),
]


@pytest.mark.parametrize(("kind", "name"), SPECIAL)
def test_v8_no_special_file_is_waited_for(kind: str, name: str, tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("inputs")
    root = fill_cache(tmp_path / "root", 20)
    sidecar = next(root.glob("*.idx"))
    paths = {"pack": root / f"{1:016x}-1-00000000.pack", "idx": sidecar}
    special(kind, paths.get(name, root / name))
    program = (
        "import sys\nfrom pathlib import Path\nsys.path[:0] = sys.argv[2:]\n"
        "from cache_folders import every_use\nroot = Path(sys.argv[1])\n"
        "every_use(root)\n"
    )
    if name != "format":
        assert hits(root, 20) == 20
        with closing(PackStore(root)) as store:
            assert store.get(KEYS[0]) is not None
            assert store.warnings == ()
    command = [sys.executable, "-c", program, str(root), *IMPORT_PATHS]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


def test_v8_a_pack_that_becomes_a_pipe_is_a_miss_without_a_warning(
    tmp_path: Path, dashboard: Dashboard
) -> None:
    dashboard("inputs")
    root = fill_cache(tmp_path / "root")
    now = iter(range(10**6))
    with closing(PackStore(root, clock=lambda: float(next(now)))) as store:
        (pack,) = root.glob("*.pack")
        special("pipe", pack)
        assert store.get(KEYS[0]) is None
        assert store.get(KEYS[0]) is None
        store.put(KEYS[0], arrays(0))
        assert store.get(KEYS[0]) is not None
        assert store.warnings == ()


@pytest.mark.parametrize("kind", ["pipe", "folder", "link"])
def test_v8_a_format_that_is_no_file_ends_no_run(kind: str, tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("inputs")
    root = fill_cache(tmp_path / "cache")
    (root / "format").unlink()
    {"pipe": os.mkfifo, "folder": os.mkdir, "link": lambda path: path.symlink_to("CACHEDIR.TAG")}[kind](
        root / "format"
    )
    with closing(open_cache(CacheSettings(root), schemas=STAGE_SCHEMAS)) as cache:
        assert cache.store.get(KEYS[0]) is None
        assert [line for line in cache.warnings if "format" in line] == list(cache.warnings)
        assert cache.warnings
