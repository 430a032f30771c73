# SPDX-License-Identifier: GPL-3.0-or-later
"""Cache folders that somebody else prepared: look-alikes, links, pipes, other owners, odd key texts."""

import os
import resource
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from footage.portrait import make_up_portrait, write_picture, write_sequence
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.factory import CacheSettings, open_cache, open_cache_best_effort
from understudy.core.cache.maintenance.lineage import derived_from, walk_entries
from understudy.core.cache.maintenance.statistics import folder_summary, statistics
from understudy.core.cache.removal.evict import evict
from understudy.core.cache.removal.purge import purge_all
from understudy.core.cache.shared.lease_folder import remove_stale_leases
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.stores.usage_log import read_usage, record_usage
from understudy.core.cli.main import main
from understudy.core.errors import CacheError
from understudy.core.filesystem import Access
from understudy.core.layers.folder import LayerFolder
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and owners of POSIX")

Dashboard = Callable[[str], None]
KEYS = [stage_key("test", 1, {"number": number, "frame": bytes(32)}) for number in range(40)]
OTHER_USER = 65_533
IMPORT_PATHS = [str(folder) for folder in Path(__file__).parents[:2]]


def arrays(number: int) -> dict[str, np.ndarray]:
    return {"crop": np.full((8, 8, 3), number % 256, np.uint8)}


def fill_cache(root: Path, count: int = 10, **options: object) -> Path:
    with closing(PackStore(root, **options)) as store:
        for number in range(count):
            store.put(KEYS[number], arrays(number))
    return root


def hits(root: Path, count: int = 10) -> int:
    with closing(PackStore(root, read_only=True)) as store:
        return sum(store.get(key) is not None for key in KEYS[:count])


def contents(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return all that must not change: names, permissions, times, bytes."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns if path.is_file() else 0,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


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


def every_use(root: Path) -> None:
    """Do with a folder all that is done with caches; what is refused is refused with a CacheError."""
    for use in (
        lambda: fill_cache(root),
        lambda: evict(root, 0),
        lambda: purge_all(root, time.time_ns()),
        lambda: folder_summary(root),
    ):
        with suppress(CacheError, OSError):
            use()
    for command in (["stats"], ["verify"], ["gc", "--cap", "1"], ["purge", "--all"]):
        assert main(["cache", *command, "--cache-dir", str(root)]) in (0, 1)
    with closing(open_cache_best_effort(CacheSettings(root), schemas=STAGE_SCHEMAS)) as cache:
        cache.store.put(KEYS[0], arrays(0))
        assert cache.store.get(KEYS[0]) is not None


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
        "from test_cache_folder import every_use, filled, hits\nroot = Path(sys.argv[1])\n"
        "every_use(root)\n"
    )
    if name != "format":
        assert hits(root, 20) == 20
        with closing(PackStore(root)) as store:
            assert store.get(KEYS[0]) is not None
            assert store.warnings == ()
    command = [sys.executable, "-c", program, str(root), *IMPORT_PATHS]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


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


# Modes


def modes(root: Path) -> set[int]:
    return {stat.S_IMODE(path.lstat().st_mode) for path in root.rglob("*")} | {
        stat.S_IMODE(root.stat().st_mode)
    }


@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize("before", [None, 0o755, 0o700])
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_v12_all_is_for_the_owner_or_the_group_alone(
    umask: int, before: int | None, group: bool, tmp_path: Path, dashboard: Dashboard
) -> None:
    dashboard("faces")
    root, access = tmp_path / "root", Access(shared_with_group=group)
    former = os.umask(umask)
    try:
        if before is not None:
            root.mkdir()
            root.chmod(before)
        with closing(
            open_cache(CacheSettings(root, shared_with_group=group, cap_bytes=1 << 20), schemas=STAGE_SCHEMAS)
        ) as cache:
            for number in range(40):
                cache.store.put(KEYS[number], arrays(number))
                cache.store.get(KEYS[number])
        with closing(PackStore(root, access=access)) as store:
            store.purge(lambda text: "number=3\n" in text)
            store.evict(1 << 20)
    finally:
        os.umask(former)
    assert read_usage(root) is not None
    assert modes(root) == {access.file_mode, access.folder_mode}


def test_v12_a_cache_that_was_open_to_all_is_closed_when_it_is_used(
    tmp_path: Path, dashboard: Dashboard
) -> None:
    dashboard("faces")
    root = fill_cache(tmp_path / "root")
    root.chmod(0o755)
    fill_cache(root, 20)
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert hits(root, 20) == 20


def test_v12_a_folder_that_all_may_write_to_is_read_and_not_changed(
    tmp_path: Path, dashboard: Dashboard
) -> None:
    dashboard("faces")
    root = fill_cache(tmp_path / "root")
    root.chmod(0o777)
    before = contents(root)
    settings = CacheSettings(root, cap_bytes=1, max_age=0.0)
    with closing(open_cache(settings, schemas=STAGE_SCHEMAS)) as cache:
        assert cache.store.get(KEYS[0]) is not None
        cache.store.put(KEYS[30], arrays(30))
        (warning,) = cache.warnings
        assert "everybody may write" in warning
        assert cache.folder.evict() is None
        assert cache.folder.purge() == 0
    for command in (["gc", "--cap", "1"], ["purge", "--all"]):
        assert main(["cache", *command, "--cache-dir", str(root)]) == 1
    assert main(["cache", "stats", "--cache-dir", str(root)]) == 0
    assert contents(root) == before
    assert stat.S_IMODE(root.stat().st_mode) == 0o777


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="gives a folder to another user")
@pytest.mark.parametrize("trusted", [False, True])
def test_v12_another_users_folder_is_read_and_not_changed_unless_it_is_trusted(
    trusted: bool, tmp_path: Path, dashboard: Dashboard
) -> None:
    dashboard("faces")
    root = fill_cache(tmp_path / "root")
    for path in (root, *root.iterdir()):
        os.chown(path, OTHER_USER, OTHER_USER)
    before = contents(root)
    settings = CacheSettings(root, trusted=(tmp_path,) if trusted else ())
    with closing(open_cache(settings, schemas=STAGE_SCHEMAS)) as cache:
        assert cache.store.get(KEYS[0]) is not None
        cache.store.put(KEYS[30], arrays(30))
        warnings = cache.warnings
    if trusted:
        assert warnings == ()
        assert hits(root, 31) == 11
    else:
        assert len(warnings) == 1
        assert "UNDERSTUDY_TRUST" in warnings[0]
        assert contents(root) == before


def test_v12_a_shared_folder_that_is_only_read_gets_nothing(tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("faces")
    share = fill_cache(tmp_path / "share")
    before = contents(share)
    settings = CacheSettings(tmp_path / "local", memory_bytes=0, shared_folder=share, shared_read_only=True)
    with closing(open_cache(settings, schemas=STAGE_SCHEMAS)) as cache:
        assert cache.flight.get_or_compute(cache.store, KEYS[0], dict)[1]
        assert not cache.flight.get_or_compute(cache.store, KEYS[30], lambda: arrays(30))[1]
        assert cache.tiers.flush(10)
        assert cache.warnings == ()
    assert contents(share) == before
    assert hits(tmp_path / "local", 40) == 2


# Purging


def test_v13_a_purge_of_all_finds_what_killed_runs_left_however_young(
    tmp_path: Path, dashboard: Dashboard
) -> None:
    dashboard("faces")
    root = fill_cache(tmp_path / "root", 20)
    stem = f"{5:016x}-1-00000000"
    left = [f".{stem}.pack.tmp", f".{stem}.0123abcd.idx.tmp", f"{stem}.idx", "..uses.0123abcd.tmp"]
    for name in left:
        (root / name).write_bytes(b"a face")
    (root / ".leases").mkdir()
    (root / ".leases" / f"{'b' * 64}.{'c' * 32}").write_bytes(b"x")
    assert main(["cache", "purge", "--all", "--cache-dir", str(root)]) == 0
    assert {path.name for path in root.rglob("*") if path.is_file()} <= {
        "CACHEDIR.TAG", ".gitignore", "format", ".janitor.lock", ".uses.lock",
    }  # fmt: skip


def test_v13_what_can_not_be_removed_is_said(tmp_path: Path, dashboard: Dashboard, capsys) -> None:
    dashboard("faces")
    root = fill_cache(tmp_path / "root")
    deep = root / "engines"
    deep.mkdir()
    here = os.open(deep, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("d", dir_fd=here)
        here, former = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(former)
    os.close(here)
    assert main(["cache", "purge", "--all", "--cache-dir", str(root)]) == 1
    assert "nested too deep" in capsys.readouterr().err


# Smaller things


@pytest.mark.parametrize("content", [b"", b"\0\0", b"two\n", b"2" * 40])
def test_v16_a_torn_format_beside_our_tag_hides_nothing(
    content: bytes, tmp_path: Path, dashboard: Dashboard
) -> None:
    dashboard("inputs")
    root = fill_cache(tmp_path / "root")
    (root / "format").write_bytes(content)
    assert hits(root) == 10
    fill_cache(root, 20)
    assert hits(root, 20) == 20
    assert (root / "format").read_bytes() == b"2\n"


@pytest.mark.parametrize("made", [("CACHEDIR.TAG",), ("CACHEDIR.TAG", ".gitignore"), ()])
def test_v16_a_folder_whose_making_was_killed_is_made_in_the_end(
    made: tuple[str, ...], tmp_path: Path, dashboard: Dashboard
) -> None:
    dashboard("inputs")
    root = fill_cache(tmp_path / "root", 0)
    for name in {"CACHEDIR.TAG", ".gitignore", "format"} - set(made):
        (root / name).unlink()
    (root / ".CACHEDIR.0123abcd.TAG.tmp").write_bytes(b"Signa")
    fill_cache(root)
    assert hits(root) == 10


def test_v16_folders_nested_a_thousand_deep_end_nothing(tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("inputs")
    root = fill_cache(tmp_path / "root")
    here = os.open(root, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        here, former = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(former)
    os.close(here)
    try:
        with closing(PackStore(root)) as store:
            assert store.size_on_disk() > 0
            assert store.evict(1 << 20) is not None
            assert store.warnings == ()
        assert main(["cache", "stats", "--cache-dir", str(root)]) == 0
    finally:
        subprocess.run(["rm", "-rf", str(root)], check=True)  # Python's own way is not up to it


def test_v16_a_new_cache_where_none_can_be_made_is_a_warning(tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("inputs")
    mount = tmp_path / "mount"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", str(mount)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a file system here")
    try:
        for opened in (open_cache, open_cache_best_effort):
            with closing(opened(CacheSettings(mount / "cache"))) as cache:
                cache.store.put(KEYS[0], arrays(0))
                assert cache.store.get(KEYS[0]) is not None
                (warning,) = cache.warnings
                assert "Read-only file system" in warning
    finally:
        subprocess.run(["umount", "--lazy", str(mount)], check=True)


FEW_FILES = """
import resource, sys
from contextlib import closing
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
sys.path[:0] = sys.argv[2:]
from test_cache_folder import arrays
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.base.key import stage_key
keys = [stage_key("swap", 1, {"number": number}) for number in range(250)]
with closing(PackStore(Path(sys.argv[1]), pack_bytes=1)) as store:
    for number, key in enumerate(keys):
        store.put(key, arrays(number))
others = []
with closing(PackStore(Path(sys.argv[1]))) as store:
    for _ in range(2):
        for key in keys:
            assert store.get(key) is not None
        try:
            while True:
                others.append(open("/dev/null"))  # models, clips, libraries
        except OSError:
            for file in others[-8:]:
                file.close()
    for key in keys:
        assert store.get(key) is not None
    assert store.purge(lambda text: "number=7\\n" in text) > 0
    assert store.warnings == (), store.warnings
print(len(list(Path(sys.argv[1]).glob("*.pack"))))
"""


def test_v16_64_files_are_enough_for_many_packs(tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("inputs")
    command = [sys.executable, "-c", FEW_FILES, str(tmp_path / "root"), *IMPORT_PATHS]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 249


def test_v16_64_files_are_enough_to_render_beside_many_packs(tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("inputs")
    frames = write_sequence(tmp_path / "clip", 2, 192)
    face = write_picture(tmp_path / "face.png", make_up_portrait())
    root = tmp_path / "cache"
    for number in range(239):
        with closing(PackStore(root, pack_bytes=1)) as store:
            store.put(KEYS[0] if not number else Key(f"stage=other\nnumber={number}\n"), arrays(0))
    assert len(list(root.glob("*.pack"))) == 239
    command = [
        sys.executable,
        "-m",
        "understudy.core.cli",
        "render",
        frames[0].parent,
        "--fps",
        "25",
        "--face",
        face,
    ]
    command += ["--consent", "It is me.", "--cache-dir", root, "--output", tmp_path / "out.mp4"]
    done = subprocess.run(
        ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *map(str, command)],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 of them changed" in done.stdout
    assert len(list(root.glob("*.pack"))) == 240


# Key texts


def chain(length: int) -> list[str]:
    texts, parent = [], "f" * 64
    for _ in range(length):
        texts.append(f"parent={parent}\nstage=deep\nversion=1\n")
        parent = Key(texts[-1]).hex
    return texts[::-1]  # what comes from something first


def circle() -> list[str]:
    return [f"clip={'0' * 64}\nframe={'a' * 64}\nstage=a\nstamp={'b' * 64}\n", f"frame={'b' * 64}\nstage=b\n"]


KEY_TEXTS = {
    "a stamp that is no hex": ["stage=clip\nstamp=xyz\nversion=1\n"],
    "a stamp of odd length": ["stage=clip\nstamp=abc\n", "stage=facts\nstamp=abc\n"],
    "a frame that is no hex": ["frame=\u0660\u0661\nstage=swap\n"],
    "a clip of controls": ["clip=\x1b]0;owned\x07\x1b[2J\nstage=\x1b[31mred\x1b[0m\n"],
    "marks of direction": ["clip=\u202eevil\nstage=\u202e\u2066gnp.exe\n"],
    "a carriage return": ["stage=a\rb\u2028c\u2029d\x85e\nclip=\r\r\r\n"],
    "nothing": [""],
    "no names": ["\n\n\n", "====\n", "=\n"],
    "a stage without end": ["stage=" + "x" * 500_000 + "\n"],
    "a hundred thousand lines": ["".join(f"n{number}={number}\n" for number in range(50_000))],
    "numbers beyond all": ["stage=clip\nversion=" + "9" * 5000 + "\nframe=" + "9" * 5000 + "\n"],
    "a long chain": chain(1000),
    "a circle": circle(),
    "the same name twice": [f"stage=a\nstage=b\nclip={'a' * 64}\nclip={'b' * 64}\n"],
}


@pytest.mark.parametrize("what", KEY_TEXTS)
def test_v15_a_key_text_may_say_anything(what: str, tmp_path: Path, dashboard: Dashboard, capsys) -> None:
    dashboard("inputs")
    root = tmp_path / "root"
    began = time.monotonic()
    with closing(PackStore(root)) as store:
        for text in KEY_TEXTS[what]:
            store.put(Key(text), {"id": np.frombuffer(bytes(32), np.uint8)})
    with closing(PackStore(root)) as store:
        assert statistics(store).total.entries == len(KEY_TEXTS[what])
        derived_from(lambda: walk_entries(store), {"f" * 64})
    assert folder_summary(root).entries == len(KEY_TEXTS[what])
    for command in (["stats"], ["stats", "--json"], ["verify"], ["gc", "--cap", "1G"]):
        assert main(["cache", *command, "--cache-dir", str(root)]) == 0
    out = capsys.readouterr().out
    assert not any(sign in out for sign in "\x1b\x07\r\u202e\u2066\u2028\u2029\x85")
    assert max(map(len, out.splitlines()), default=0) < 300 or what == "a stage without end"
    assert main(["cache", "export", "--cache-dir", str(root), str(tmp_path / "out")]) == 0
    assert main(["cache", "purge", "--picture", "f" * 64, "--cache-dir", str(root)]) == 0
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    "line",
    [
        b"1 1 1 1 99999999999999999\n",
        b"9" * 4000 + b"\n",
        b"\x1b[2J 1 2 3 4\n",
        b"1 1 1 1 4294967295\n",
        b"\0" * 9,
    ],
)
def test_v15_counts_of_runs_may_say_anything(line: bytes, tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("inputs")
    root = fill_cache(tmp_path / "root")
    (root / ".uses").write_bytes(line)
    assert main(["cache", "stats", "--cache-dir", str(root)]) == 0


def test_v11_a_sidecar_that_lies_over_a_sparse_pack_costs_little_memory(
    tmp_path: Path, dashboard: Dashboard
) -> None:
    dashboard("memory")
    program = """if True:
        import os, resource, sys
        from pathlib import Path
        import numpy as np
        from understudy.core.cache.packs import sidecar
        from understudy.core.cache.stores.local import PackStore
        from understudy.core.cache.base.key import stage_key
        from understudy.core.cache.packs.table import Columns, prefix_of
        from understudy.core.filesystem import Folder
        root = Path(sys.argv[1])
        PackStore(root).close()
        keys = [stage_key("swap", 1, {"number": number}) for number in range(8)]
        name = f"{1:016x}-1-00000000.pack"
        (root / name).touch()
        os.truncate(root / name, 1 << 36)
        prefixes = np.sort(np.array([prefix_of(key.digest) for key in keys], np.uint64))
        columns = Columns(prefixes, np.zeros(8, np.uint64), np.full(8, 2**32 - 1, np.uint32))
        with Folder(root) as folder:
            sidecar.write(folder, name, sidecar.Sidecar(columns, 1 << 36, True))
        store = PackStore(root)
        assert all(store.get(key) is None for key in keys)
        print(int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]))
    """
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "root")],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert int(done.stdout) < 1_000_000
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64


@pytest.mark.parametrize("kind", ["pipe", "folder", "link"])
def test_v13_what_keeps_a_purge_from_packs_keeps_it_from_no_layer(
    kind: str, tmp_path: Path, dashboard: Dashboard, capsys
) -> None:
    dashboard("faces")
    root, other = fill_cache(tmp_path / "cache"), fill_cache(tmp_path / "other")
    layers = LayerFolder(root, "0123456789abcdef")
    layers.make()
    layers.write("000001.tif", b"a face" * 1000)
    lock = root / ".janitor.lock"
    {"pipe": os.mkfifo, "folder": os.mkdir, "link": lambda path: path.symlink_to("format")}[kind](lock)
    assert main(["cache", "purge", "--all", "--cache-dir", str(root), "--shared-dir", str(other)]) == 1
    said = capsys.readouterr().err
    assert ".janitor.lock" in said
    assert "remove it" in said
    assert b"a face" not in (layers.path / "000001.tif").read_bytes()
    assert hits(other) == 0
    lock.rmdir() if kind == "folder" else lock.unlink()
    assert main(["cache", "purge", "--all", "--cache-dir", str(root)]) == 0


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


def test_v12_a_purge_changes_nothing_in_a_share_that_this_machine_only_reads(
    tmp_path: Path, dashboard: Dashboard, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard("inputs")
    here, share = fill_cache(tmp_path / "here"), fill_cache(tmp_path / "share")
    monkeypatch.setenv("UNDERSTUDY_SHARED_READ_ONLY", "1")
    before = contents(share)
    assert main(["cache", "purge", "--all", "--cache-dir", str(here), "--shared-dir", str(share)]) == 1
    assert "UNDERSTUDY_SHARED_READ_ONLY" in capsys.readouterr().err
    assert (contents(share), hits(here)) == (before, 0)
