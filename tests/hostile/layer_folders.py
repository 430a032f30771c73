# SPDX-License-Identifier: GPL-3.0-or-later
"""Layer files, a cache, a project and somebody else's pictures."""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from footage.portrait import make_up_portrait, write_picture, write_sequence
from understudy.core.cache.packs.layout import prepare_cache_folder
from understudy.core.cache.settings import CacheSettings
from understudy.core.errors import OutputError
from understudy.core.layers.folder import LayerFolder
from understudy.core.layers.job import LayerJob
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
