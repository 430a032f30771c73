# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that are killed and disks that fail: no entry is wrong, no pixel is another."""

import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from understudy.core.cache.factory import open_cache_best_effort
from understudy.core.cache.settings import CacheSettings
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS

from tests.core.test_cache_failures import Project
from tests.core.test_cache_kill import KILL, run

Count = Callable[[str], None]
ROUNDS = 14
"""Of three kills each."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs SIGKILL, fork and /proc")


def test_every_entry_is_right_after_kills_under_a_cap(tmp_path: Path, dashboard: Count) -> None:
    opened = "PackStore(root, pack_bytes=100_000)"
    # Writers that keep a cap by themselves, beside those that evict by hand and those that purge.
    program = KILL.replace(opened, opened.replace(")", ", cap_bytes=400_000)"), 1)
    assert program != KILL
    figures = run(program, tmp_path, ROUNDS)
    assert 3 * figures["rounds"] >= 40
    assert figures["hits"] > 20 * ROUNDS
    for _ in range(figures["hits"]):
        dashboard("kills")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project"), 2)


@pytest.fixture(scope="module")
def full(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache folder that has everything of the project."""
    root = tmp_path_factory.mktemp("full") / "cache"
    render(project, root)
    return root


def render(project: Project, root: Path) -> tuple[str, ...]:
    """Render with a cache folder, hold that the pixels are right, and return the warnings."""
    with closing(open_cache_best_effort(CacheSettings(root, memory_bytes=0), schemas=STAGE_SCHEMAS)) as cache:
        assert project.is_unchanged(project.frames(cache.store, flight=cache.flight))
        return cache.warnings


@contextmanager
def fail_calls(
    call: str, code: int, root: Path, predicate: Callable[..., bool] = lambda *_: True
) -> Iterator[list[int]]:
    """Let a system call fail with an error number for whatever lies in a folder; yields how often it did."""
    real = getattr(os, call)
    times: list[int] = []

    def failed(place: Any, *rest: Any, **named: Any) -> Any:
        if _is_in(root, place, named.get("dir_fd", named.get("src_dir_fd"))) and predicate(place, *rest):
            times.append(1)
            raise OSError(code, os.strerror(code))
        return real(place, *rest, **named)

    setattr(os, call, failed)
    try:
        yield times
    finally:
        setattr(os, call, real)


@contextmanager
def halve_calls(call: str, root: Path) -> Iterator[list[int]]:
    """Let a read or write of a file in a folder do half of what it is asked for."""
    real = getattr(os, call)
    times: list[int] = []

    def halved(fd: int, what: Any, *rest: Any) -> Any:
        if not _is_in(root, fd, None):
            return real(fd, what, *rest)
        times.append(1)
        if call == "writev":
            whole = b"".join(what)
            return os.write(fd, whole[: len(whole) // 2])
        return real(fd, what // 2, *rest)

    setattr(os, call, halved)
    try:
        yield times
    finally:
        setattr(os, call, real)


def _is_in(root: Path, place: Any, folder: int | None) -> bool:
    if isinstance(place, int):
        whole = Path(f"/proc/self/fd/{place}").readlink()
    elif folder is not None:
        whole = Path(f"/proc/self/fd/{folder}").readlink() / os.fsdecode(place)
    else:
        whole = Path(os.fsdecode(place))
    return root == whole or root in whole.parents


def mark_long(code: int) -> Any:
    """Mark an error number that goes the way of those that the default run tries."""
    return pytest.param(code, marks=pytest.mark.long)


def is_creation(_path: object, flags: int = 0, *_: object) -> bool:
    return bool(flags & os.O_CREAT)


def is_read_only(_path: object, flags: int = 0, *_: object) -> bool:
    return not flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR | os.O_DIRECTORY)


@pytest.mark.parametrize(
    "code",
    [
        errno.EIO,
        errno.ENOSPC,
        *(mark_long(code) for code in (errno.EDQUOT, errno.ESTALE, errno.EROFS, errno.EFBIG)),
    ],
)
def test_writing_fails(project: Project, tmp_path: Path, code: int, dashboard: Count) -> None:
    dashboard("faults")
    with fail_calls("writev", code, tmp_path) as times:
        warnings = render(project, tmp_path / "cache")
    assert times
    assert len(warnings) == 1


@pytest.mark.parametrize(
    "code",
    [
        errno.EMFILE,
        errno.EACCES,
        *(mark_long(code) for code in (errno.ENFILE, errno.EROFS, errno.ENOSPC, errno.EDQUOT)),
    ],
)
def test_no_file_can_be_made(
    project: Project, full: Path, tmp_path: Path, code: int, dashboard: Count
) -> None:
    dashboard("faults")
    root = shutil.copytree(full, tmp_path / "cache")
    for pack in root.glob("*.pack"):
        pack.unlink()
    with fail_calls("open", code, root, is_creation) as times:
        warnings = render(project, root)
    assert times
    assert len(warnings) == 1


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_v16_a_cache_folder_that_cannot_be_made(
    project: Project, tmp_path: Path, code: int, dashboard: Count
) -> None:
    dashboard("faults")
    with fail_calls("mkdir", code, tmp_path) as times:
        warnings = render(project, tmp_path / "cache")
    assert times
    assert len(warnings) == 1


@pytest.mark.parametrize("code", [errno.EMFILE, errno.EIO, errno.ESTALE])
def test_no_file_can_be_opened(
    project: Project, full: Path, tmp_path: Path, code: int, dashboard: Count
) -> None:
    dashboard("faults")
    root = shutil.copytree(full, tmp_path / "cache")
    with fail_calls("open", code, root, is_read_only) as times:
        render(project, root)
    assert times


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE])
def test_reading_fails(project: Project, full: Path, tmp_path: Path, code: int, dashboard: Count) -> None:
    dashboard("faults")
    root = shutil.copytree(full, tmp_path / "cache")
    with fail_calls("pread", code, root) as times:
        warnings = render(project, root)
    assert times
    assert warnings


@pytest.mark.parametrize("call", ["writev", "pread"])
def test_half_is_done(project: Project, full: Path, tmp_path: Path, call: str, dashboard: Count) -> None:
    dashboard("faults")
    root = tmp_path / "cache"
    if call == "pread":
        shutil.copytree(full, root)
    with halve_calls(call, root) as times:
        render(project, root)
    assert times


@pytest.mark.parametrize(
    "fault", ["torn", "zeroed", "holed", "no sidecar", "sidecar of zeros", "format of nothing"]
)
def test_the_power_fails(project: Project, full: Path, tmp_path: Path, fault: str, dashboard: Count) -> None:
    dashboard("faults")
    root = shutil.copytree(full, tmp_path / "cache")
    packs, sidecars = sorted(root.glob("*.pack")), sorted(root.glob("*.idx"))
    assert packs
    for pack in packs:
        raw = bytearray(pack.read_bytes())
        if fault == "torn":
            del raw[len(raw) * 2 // 3 + 5 :]
        elif fault == "zeroed":
            raw[len(raw) // 2 :] = bytes(len(raw) - len(raw) // 2)
        elif fault == "holed":
            for start in range(0, len(raw), 3 * 4096):
                raw[start : start + 4096] = bytes(len(raw[start : start + 4096]))
        pack.write_bytes(raw)
    for sidecar in sidecars:
        if fault == "no sidecar":
            sidecar.unlink()
        elif fault == "sidecar of zeros":
            sidecar.write_bytes(bytes(sidecar.stat().st_size))
    if fault == "format of nothing":
        (root / "format").write_bytes(b"")
    render(project, root)
