# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate to the disk: no name leads out of a folder, no link is followed, nothing is waited for."""

import os
import stat
import sys
from pathlib import Path

import pytest
from understudy.core.filesystem import Access, Folder, Location, has_content, write_file
from understudy.core.reporting.quoting import quote
from understudy.core.system.trust import distrust_folder, is_allowed, trust_folder, trusted_folders

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and links as under POSIX")
OUTWARD = ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\0b"]


@pytest.mark.parametrize("name", OUTWARD)
def test_no_name_leads_out_of_a_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "x").write_text("mine")
    with Folder(tmp_path / "in") as folder:
        for action in (
            lambda: folder.open_file(name, os.O_RDONLY),
            lambda: folder.write_file(name, b"theirs"),
            lambda: folder.remove_file(name),
            lambda: folder.rename(name, "other"),
            lambda: folder.open_child(name),
            lambda: folder.make_child(name, 0o700),
        ):
            with pytest.raises((OSError, ValueError)):
                action()
    assert (tmp_path / "x").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "x"]


@posix
def test_a_link_is_neither_followed_nor_written_through(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    other = tmp_path / "other"
    other.mkdir()
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "file").symlink_to(target)
    (inside / "folder").symlink_to(other)
    with Folder(inside) as folder:
        with pytest.raises(OSError):
            folder.open_file("file", os.O_RDONLY)
        with pytest.raises(OSError):
            folder.open_child("folder")
        with pytest.raises(OSError):
            folder.make_child("folder", 0o700)
        folder.write_file("file", b"ours")
    assert target.read_text() == "mine"
    assert not (inside / "file").is_symlink()
    with pytest.raises(OSError):
        Location(inside, ("folder", "deeper")).make(0o700)
    assert not list(other.iterdir())


@posix
def test_a_pipe_in_a_files_place_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with Folder(tmp_path) as folder:
        for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
            with pytest.raises(OSError):
                folder.open_file("pipe", flags)
        with pytest.raises(OSError):
            folder.read_file("pipe", 100)


@posix
def test_only_a_file_with_something_in_it_has_content(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\0")
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    names = ("file", "empty", "folder", "link", "pipe", "missing")
    assert [name for name in names if has_content(tmp_path / name)] == ["file"]
    assert not has_content(tmp_path / "file" / "below")


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
@pytest.mark.parametrize("group", [False, True])
def test_modes_are_exact_whatever_the_umask(tmp_path: Path, umask: int, group: bool) -> None:
    access = Access(shared_with_group=group)
    (tmp_path / "root").mkdir(mode=0o755)
    before = os.umask(umask)
    try:
        with Location(tmp_path / "root", ("a", "b")).make(access.folder_mode) as folder:
            folder.write_file("file.tif", b"face", mode=access.file_mode)
    finally:
        os.umask(before)
    for path, mode in (
        ("a", access.folder_mode),
        ("a/b", access.folder_mode),
        ("a/b/file.tif", access.file_mode),
    ):
        assert stat.S_IMODE((tmp_path / "root" / path).stat().st_mode) == mode


@posix
def test_nothing_is_written_where_everybody_may_write_or_another_user_owns(tmp_path: Path) -> None:
    status = tmp_path.stat()
    everybody = os.stat_result((status.st_mode | 0o002, *status[1:]))
    foreign = os.stat_result((*status[:4], status.st_uid + 1, *status[5:]))
    assert not Access().write_fault(status, tmp_path)
    assert "everybody" in Access(trusted_folders=(tmp_path,)).write_fault(everybody, tmp_path)
    assert "another user" in Access().write_fault(foreign, tmp_path)
    assert not Access(trusted_folders=(tmp_path.parent,)).write_fault(foreign, tmp_path)
    assert not Access(shared_with_group=True).write_fault(foreign, tmp_path)


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    with Folder(tmp_path) as folder:
        folder.write_file("movie.json", b"old")
        with pytest.raises(TypeError):
            folder.write_file("movie.json", b"new", "no bytes")  # type: ignore[arg-type]
        assert folder.read_file("movie.json", 10) == b"old"
        assert folder.names() == ["movie.json"]
        folder.write_file("movie.json", b"ne", memoryview(b"wer"), sync=True)
        assert folder.read_file("movie.json", 10) == b"newer"
        with pytest.raises(OSError, match="File too large"):
            folder.read_file("movie.json", 4)
    write_file(tmp_path / "report.json", b"{}")
    assert (tmp_path / "report.json").read_bytes() == b"{}"


def test_a_project_may_name_its_own_folder_and_what_the_user_said_yes_to(tmp_path: Path) -> None:
    environment = {
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "APPDATA": str(tmp_path / "config"),
        "HOME": str(tmp_path),
    }
    project, other = tmp_path / "project", tmp_path / "other"
    project.mkdir()
    other.mkdir()
    assert is_allowed(project / "understudy_cache", project, ())
    assert not is_allowed(project / ".." / "other", project, ())
    assert not is_allowed(other, None, ())
    trust_folder(other, environment)
    assert trusted_folders(environment) == (other.resolve(),)
    assert is_allowed(other / "cache", project, trusted_folders(environment))
    distrust_folder(other, environment)
    assert trusted_folders(environment) == ()
    assert trusted_folders(
        environment | {"UNDERSTUDY_TRUST": f"{other}{os.pathsep}relative{os.pathsep}"}
    ) == (other,)


@posix
def test_a_link_out_of_the_project_is_not_its_own_folder(tmp_path: Path) -> None:
    project, other = tmp_path / "project", tmp_path / "other"
    project.mkdir()
    other.mkdir()
    (project / "understudy_cache").symlink_to(other)
    assert not is_allowed(project / "understudy_cache", project, ())
    (project / "loop").symlink_to(project / "loop")
    assert not is_allowed(project / "loop" / "x", project, ())


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_list_of_trust_that_others_may_write_counts_for_nothing(tmp_path: Path, mode: int) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    trust_folder(tmp_path, environment)
    (tmp_path / "understudy" / "trusted-folders").chmod(mode)
    assert trusted_folders(environment) == ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 顔", "plain ü 顔"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("gpj.\u202efdp", r"gpj.\u202efdp"),
        ("a\u2028b\u0085c\x9bd", r"a\u2028b\x85c\x9bd"),
        ("lost \udcff", r"lost \udcff"),
    ],
)
def test_text_from_files_shows_what_it_is(text: str, shown: str) -> None:
    assert quote(text) == shown


def test_a_long_text_is_cut() -> None:
    assert quote("x" * 5000).endswith("…")
    assert len(quote("x" * 5000)) == 2000


def test_a_file_that_vanished_is_discarded_without_an_error(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    with Folder(tmp_path) as folder:
        assert folder.discard_file("there")
        assert not folder.discard_file("there")
        with pytest.raises(OSError, match=r"(?i)folder|directory|denied|permitted"):
            folder.discard_file("folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
