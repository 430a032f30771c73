# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers that a hostile project names: nothing outside a cache of ours changes, no face is left or shown to others."""

import os
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from footage.portrait import make_up_portrait, write_picture, write_sequence
from understudy.core.cache.factory import CacheSettings
from understudy.core.cache.packs.layout import prepare_cache_folder
from understudy.core.cli.main import main
from understudy.core.errors import OutputError
from understudy.core.filesystem import Access
from understudy.core.fusion.patch import Patch
from understudy.core.layers.blanking import blank_layers
from understudy.core.layers.folder import LayerFolder
from understudy.core.layers.job import LayerJob
from understudy.core.layers.label import LABEL_BYTES, MAX_LAYER_BYTES, label_text, layer_label
from understudy.core.layers.output_folders import merge_folder_warnings
from understudy.core.layers.placeholder import PLACEHOLDER
from understudy.core.layers.tiff import layer_pieces
from understudy.core.media.source import ClipSource
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.layer_session import LayerSession
from understudy.core.sessions.settings import RunSettings

Count = Callable[[str], None]
ID, OTHER = "0123456789abcdef", "fedcba9876543210"
FACE = b"a face of somebody" * 1000
NAMES = [f"{number:06d}.tif" for number in range(6)]
NOBODY = 65534
ROOT = os.name == "posix" and os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="only root can make files of another user")
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files or permissions")


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """Somebody's pictures, which bear the names of layers. They must be as they were in the end."""
    folder = tmp_path / "victim"
    for place in (folder, folder / ID, folder / "layers" / ID):
        place.mkdir(parents=True, exist_ok=True)
        for name in (*NAMES, ".000001.tif.1-1.tmp", ".000001.0123abcd.tif.tmp"):
            (place / name).write_bytes(FACE)
    before = snapshot(folder)
    yield folder
    assert snapshot(folder) == before


def snapshot(folder: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """What is in a folder, its times and permissions too."""
    facts = {}
    for path in sorted([folder, *folder.rglob("*")]):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        facts[str(path)] = status.st_mode, status.st_uid, status.st_mtime_ns, content
    return facts


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    root = tmp_path / "project" / "cache"
    prepare_cache_folder(root)
    (root / "layers").mkdir(mode=0o700)
    return root


def fill_layers(root: Path, stack_id: str = ID) -> LayerFolder:
    folder = LayerFolder(root, stack_id)
    folder.make()
    for name in NAMES:
        folder.write(name, FACE)
    return folder


def do_everything(make: Callable[[], LayerFolder]) -> None:
    """Do all that is done with the layers of a stack; what is refused is refused."""
    acts: list[Callable[[LayerFolder], object]] = [
        lambda folder: folder.make(),
        lambda folder: folder.add_placeholders([*NAMES, "000099.tif"]),
        lambda folder: folder.write(NAMES[0], b"x"),
        lambda folder: folder.label(NAMES[0]),
        lambda folder: folder.blank(),
        lambda folder: folder.copy_to(LayerFolder(folder.path.parents[1], OTHER)),
        lambda folder: LayerFolder(folder.path.parents[1], OTHER).copy_to(folder),
        lambda folder: folder.remove(),
    ]
    for act in acts:
        with suppress(OutputError):
            act(make())


@pytest.mark.parametrize("depth", ["absolute", "up", "here", "short", "upper", "line", "null", "long"])
def test_v1_a_stack_id_is_no_path(dashboard: Count, victim: Path, cache: Path, depth: str) -> None:
    dashboard("projects")
    text = {
        "absolute": str(victim),
        "up": "../../../victim",
        "here": ".",
        "short": ID[:-1],
        "upper": ID.upper(),
        "line": ID + "\n",
        "null": ID[:-1] + "\0",
        "long": ID * 1000,
    }[depth]
    with pytest.raises(OutputError, match="is no id of a stack"):
        LayerFolder(cache, text)
    do_everything(lambda: LayerFolder(cache, text))


@posix_only
@pytest.mark.parametrize("level", ["layers", "id", "both"])
def test_v1_no_link_leads_out_of_the_cache(dashboard: Count, victim: Path, cache: Path, level: str) -> None:
    dashboard("projects")
    fill_layers(cache, OTHER)
    if level == "layers":
        (cache / "layers").rename(cache / "moved")
        (cache / "layers").symlink_to(victim)
    elif level == "id":
        (cache / "layers" / ID).symlink_to(victim)
    else:
        (cache / "layers").rename(cache / "moved")
        (cache / "layers").symlink_to(victim / "layers")
        blank = pytest.raises(OutputError, match="a link or a file is in its place")
        with blank:
            blank_layers(cache)
    with pytest.raises(OutputError, match="a link or a file is in the place of a folder"):
        LayerFolder(cache, ID).make()
    do_everything(lambda: LayerFolder(cache, ID))


@posix_only
def test_v1_a_link_in_a_layers_place_is_replaced_and_not_followed(
    dashboard: Count, victim: Path, cache: Path
) -> None:
    dashboard("projects")
    folder = LayerFolder(cache, ID)
    folder.make()
    for name in NAMES:
        (folder.path / name).symlink_to(victim / name)
    assert folder.label(NAMES[0]) is None
    folder.write(NAMES[0], FACE[::-1])
    folder.add_placeholders([NAMES[1]])
    assert (folder.path / NAMES[1]).read_bytes() == PLACEHOLDER
    assert folder.names() == NAMES[:2]
    assert folder.blank() == len(NAMES) - 1
    assert not any((folder.path / name).is_symlink() for name in NAMES)
    (folder.path / NAMES[2]).unlink()
    (folder.path / NAMES[2]).symlink_to(victim / NAMES[2])
    folder.remove()
    assert not folder.exists()


@posix_only
def test_v1_a_second_name_of_somebodys_file_is_replaced_and_not_written_to(
    dashboard: Count, victim: Path, cache: Path
) -> None:
    dashboard("projects")
    before = snapshot(victim)
    folder = LayerFolder(cache, ID)
    folder.make()
    for name in NAMES:
        os.link(victim / name, folder.path / name)
    folder.write(NAMES[0], b"x")
    folder.blank()
    folder.remove()
    assert snapshot(victim) == before


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

    run_within(20, work)


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


@posix_only
@pytest.mark.parametrize("level", ["root", "other root", "other layers", "other id"])
def test_v1_folders_of_others_or_open_to_all_are_not_written(
    dashboard: Count, cache: Path, level: str
) -> None:
    if level != "root" and not ROOT:
        pytest.skip("only root can make folders of another user")
    dashboard("projects")
    folder = fill_layers(cache)
    if level == "root":
        cache.chmod(0o777)
    else:
        place = {"other root": cache, "other layers": cache / "layers", "other id": folder.path}[level]
        os.chown(place, NOBODY, NOBODY)
    before = snapshot(folder.path)
    with pytest.raises(OutputError, match=r"everybody may write to it|belongs to another user"):
        folder.write(NAMES[0], b"x")
    do_everything(lambda: LayerFolder(cache, ID))
    with pytest.raises(OutputError):
        blank_layers(cache)
    assert snapshot(folder.path) == before
    if level != "root":
        LayerFolder(cache, ID, Access(trusted_folders=(cache,))).write(NAMES[0], b"x")
        assert (folder.path / NAMES[0]).read_bytes() == b"x"


@pytest.fixture
def project(tmp_path: Path) -> "Project":
    return Project(tmp_path / "footage")


class Project:
    """A clip of one frame, and who plays the part."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.source = ClipSource(False, tuple(write_sequence(folder / "frames", 1, 320)))
        self.casting = SwapRequest(
            Identity((FaceImage(write_picture(folder / "person.png", make_up_portrait())),))
        )

    def run_update(self, picture: Path, cache: Path, spare: Path | None = None) -> tuple[LayerSession, bool]:
        job = LayerJob("strip", 7, self.source, 0, picture, (self.casting,))
        with closing(LayerSession(RunSettings(CacheSettings(cache)), spare)) as session:
            return session, session.update_layer(job)


@pytest.mark.parametrize(
    "form", ["victim/{0}/000000.tif", "victim/000000.tif", "victim/layers/x/000000.tif",
             "victim/layers/{0}/000000.tif", "victim/layers/{0}/a.tif", "project/cache/../../victim/{0}/000000.tif",
             "project/cache/layers/../../../victim/layers/{0}/000000.tif"]
)  # fmt: skip
def test_v1_a_job_writes_to_no_place_but_a_layers(
    dashboard: Count, victim: Path, cache: Path, project: Project, tmp_path: Path, form: str
) -> None:
    dashboard("projects")
    session, written = project.run_update(tmp_path / form.format(ID), cache)
    assert not written
    assert session.write_count == 0
    assert len(session.warnings) == 1
    assert "strip, frame 7" in session.warnings[0]
    assert session.outcomes.swapped_count == 0


@posix_only
def test_v1_where_the_place_must_not_be_written_a_render_has_its_layers_elsewhere(
    dashboard: Count, cache: Path, project: Project, victim: Path, tmp_path: Path
) -> None:
    dashboard("projects")
    (cache / "layers" / ID).symlink_to(victim)
    picture = cache / "layers" / ID / NAMES[0]
    session, written = project.run_update(picture, tmp_path / "results", tmp_path / "spare")
    assert written
    (place,) = session.redirections.values()
    assert layer_label(place / NAMES[0]) is not None
    assert len(session.warnings) == 1
    again, written = project.run_update(place / NAMES[0], tmp_path / "results", tmp_path / "spare")
    assert not written
    assert again.warnings == ()


def purge(cache: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["cache", "purge", "--cache-dir", str(cache), "--all"])
    out, error = capsys.readouterr()
    return code, out + error


@posix_only
@pytest.mark.parametrize("level", ["layers", "id", "file"])
def test_v2_a_purge_follows_no_link(
    dashboard: Count, victim: Path, cache: Path, capsys: pytest.CaptureFixture[str], level: str
) -> None:
    dashboard("projects")
    if level == "layers":
        (cache / "layers").rmdir()
        (cache / "layers").symlink_to(victim / "layers")
    elif level == "id":
        (cache / "layers" / ID).symlink_to(victim)
    else:
        (cache / "layers" / ID).mkdir()
        (cache / "layers" / ID / NAMES[0]).symlink_to(victim / NAMES[0])
    code, said = purge(cache, capsys)
    if level == "layers":
        assert code == 1
        assert "a link or a file is in its place" in said
        assert "nothing is left" not in said
    else:
        assert code == 0
        assert ("not Understudy's" if level == "id" else "1 layer images") in said


@pytest.mark.parametrize("alike", ["layers", "layers and a file", "layers and format", "layers and a tag"])
def test_v2_a_folder_that_is_no_cache_is_left_alone(
    dashboard: Count, tmp_path: Path, capsys: pytest.CaptureFixture[str], alike: str
) -> None:
    dashboard("projects")
    shot = tmp_path / "shot"
    (shot / "layers" / ID).mkdir(parents=True)
    for name in (*NAMES, ".000001.0123abcd.tif.tmp"):
        (shot / "layers" / ID / name).write_bytes(FACE)
    if alike == "layers and a file":
        (shot / "mine.blend").write_bytes(FACE)
    elif alike == "layers and format":
        (shot / "format").write_text("1\n")
    elif alike == "layers and a tag":
        (shot / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n")
    before = snapshot(shot)
    with pytest.raises(OutputError, match="is not a cache folder"):
        blank_layers(shot)
    assert purge(shot, capsys)[0] != 0
    do_everything(lambda: LayerFolder(shot, ID))
    assert snapshot(shot) == before


def test_v2_look_alikes_among_the_layers_are_left_and_said(
    dashboard: Count, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard("projects")
    folder = fill_layers(cache)
    mine = [
        cache / "layers" / "bg" / "0001.tif",
        cache / "layers" / ID.upper() / NAMES[0],
        cache / "layers" / "notes.txt",
        folder.path / "mine.tif",
        folder.path / "BL_proxy" / "50" / "1.jpg",
        folder.path / "1.tif",
    ]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(FACE)
    code, said = purge(cache, capsys)
    assert code == 0
    assert "6 layer images" in said
    assert "6 files among the layer images" in said
    assert all(path.read_bytes() == FACE for path in mine)
    assert all((folder.path / name).read_bytes() == PLACEHOLDER for name in NAMES)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
@posix_only
def test_v12_nobody_else_reads_a_layer_whatever_the_umask_and_whoever_made_the_folder(
    dashboard: Count, tmp_path: Path, umask: int
) -> None:
    dashboard("faces")
    root = tmp_path / "cache"
    before = os.umask(umask)
    try:
        root.mkdir()
        root.chmod(0o755)
        prepare_cache_folder(root)
        (root / "layers" / ID).mkdir(parents=True)
        folder = fill_layers(root)
        folder.add_placeholders(["000099.tif"])
        folder.copy_to(LayerFolder(root, OTHER))
    finally:
        os.umask(before)
    for path in (root / "layers", *(root / "layers").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    if ROOT:
        assert read_as_nobody(root / "layers" / ID / NAMES[0], tmp_path) == "PermissionError"


def read_as_nobody(path: Path, base: Path) -> str:
    """Read a file as another user who may pass all folders above `base`; return the kind of error, or nothing."""
    passed = [folder for folder in (base, *base.parents) if not folder.stat().st_mode & 0o001]
    for folder in passed:
        folder.chmod(folder.stat().st_mode | 0o011)
    program = (
        "import os, sys\n"
        f"os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "try: open(sys.argv[1], 'rb').read(); print('')\n"
        "except OSError as error: print(type(error).__name__)\n"
    )
    python = Path(sys.executable).resolve()
    try:
        done = subprocess.run(
            [python, "-I", "-c", program, path], capture_output=True, text=True, check=True, timeout=30
        )
    finally:
        for folder in passed:
            folder.chmod(folder.stat().st_mode & ~0o011)
    return done.stdout.strip()


@needs_root
def test_v12_another_user_could_read_a_file_that_is_open_to_all(tmp_path: Path) -> None:
    """So the test above can fail."""
    path = tmp_path / "open"
    path.write_bytes(FACE)
    path.chmod(0o644)
    assert read_as_nobody(path, tmp_path) == ""


@posix_only
def test_v12_layers_of_versions_before_are_closed_when_a_run_looks_at_them(
    dashboard: Count, cache: Path, project: Project
) -> None:
    dashboard("faces")
    picture = cache / "layers" / ID / NAMES[0]
    assert project.run_update(picture, cache)[1]
    picture.chmod(0o666)
    session, written = project.run_update(picture, cache)
    assert (written, session.warnings) == (False, ())
    assert stat.S_IMODE(picture.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", [".000000.tif.1234-5678.tmp", ".000003.0123abcd.tif.tmp"])
def test_v13_a_purge_removes_what_a_run_that_was_just_killed_left(
    dashboard: Count, cache: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    dashboard("faces")
    folder = fill_layers(cache)
    (folder.path / name).write_bytes(FACE)
    code, said = purge(cache, capsys)
    assert code == 0
    assert "1 unfinished layer images" in said
    assert sorted(path.name for path in folder.path.iterdir()) == NAMES
    assert FACE[:18] not in b"".join(path.read_bytes() for path in cache.rglob("*") if path.is_file())


@needs_root
def test_v13_a_purge_that_can_not_remove_a_face_says_so(
    dashboard: Count, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard("faces")
    folder, other = fill_layers(cache), fill_layers(cache, OTHER)
    os.chown(folder.path, NOBODY, NOBODY)
    code, said = purge(cache, capsys)
    assert code == 1
    assert "nothing is left" not in said
    assert str(folder.path) in said
    assert all((other.path / name).read_bytes() == PLACEHOLDER for name in NAMES)


@needs_root
def test_v12_a_folder_of_another_user_that_holds_all_layers_is_no_trouble(
    dashboard: Count, cache: Path
) -> None:
    dashboard("projects")
    folder = fill_layers(cache)
    os.chown(cache, NOBODY, NOBODY)
    before = snapshot(folder.path)
    folder.add_placeholders(NAMES)
    with pytest.raises(OutputError, match="belongs to another user"):
        folder.add_placeholders([*NAMES, "000099.tif"])
    assert snapshot(folder.path) == before


def test_what_follows_from_a_folder_that_can_not_be_written_to_is_one_line() -> None:
    fault = "can't write to /a: it belongs to another user: name it in UNDERSTUDY_TRUST to write to it"
    moved = f"{fault}; this render has its layers in /tmp/b"
    lines = [f"clip: {fault}", "other", moved, f"results are only read, not kept: {fault}"]
    assert merge_folder_warnings(lines) == ["other", f"{moved}, and keeps no results"]
    assert merge_folder_warnings(lines[:3]) == ["other", moved]
    assert merge_folder_warnings([lines[0], lines[3]]) == [lines[0], lines[3]]


def test_v13_a_purge_says_what_a_running_render_wrote_again(dashboard: Count, cache: Path) -> None:
    dashboard("faces")
    folder = fill_layers(cache)
    ended = threading.Event()

    def render() -> None:
        while not ended.is_set():
            for name in NAMES:
                folder.write(name, FACE)

    thread = threading.Thread(target=render)
    thread.start()
    try:
        end, results = time.monotonic() + 60, [blank_layers(cache)]
        while not any(result.rewrites for result in results) and time.monotonic() < end:
            results.append(blank_layers(cache))
    finally:
        ended.set()
        thread.join()
    assert any(result.rewrites for result in results)
    # Its temporary files were removed under its hands, and yet every write came to be.
    last = blank_layers(cache)
    assert (last.rewrites, last.leftovers) == (0, 0)
    assert sorted(path.name for path in folder.path.iterdir()) == NAMES


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
        timeout=120,
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
