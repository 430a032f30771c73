# SPDX-License-Identifier: GPL-3.0-or-later
"""V13, V16: what killed runs and odd folders leave: purged, repaired or said; and few open files are enough."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from footage.portrait import make_up_portrait, write_picture, write_sequence
from hostile.cache_folders import IMPORT_PATHS, KEYS, Dashboard, arrays, fill_cache, hits
from small_disk import mount_small_disk
from understudy.core.cache.base.key import Key
from understudy.core.cache.factory import open_cache, open_cache_best_effort
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.local import PackStore
from understudy.core.cli.main import main
from understudy.core.layers.folder import LayerFolder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and owners of POSIX")


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
    with mount_small_disk(tmp_path / "mount", "ro,size=64k") as mount:
        for opened in (open_cache, open_cache_best_effort):
            with closing(opened(CacheSettings(mount / "cache"))) as cache:
                cache.store.put(KEYS[0], arrays(0))
                assert cache.store.get(KEYS[0]) is not None
                (warning,) = cache.warnings
                assert "Read-only file system" in warning


FEW_FILES = """
import resource, sys
from contextlib import closing
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
sys.path[:0] = sys.argv[2:]
from cache_folders import arrays
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
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
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
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 of them changed" in done.stdout
    assert len(list(root.glob("*.pack"))) == 240


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
