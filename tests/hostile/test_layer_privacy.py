# SPDX-License-Identifier: GPL-3.0-or-later
"""V12: the permissions of layers: nobody else reads a face, whoever made the folder."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hostile.layer_folders import (
    FACE,
    ID,
    NAMES,
    NOBODY,
    OTHER,
    ROOT,
    Count,
    Project,
    cache,
    fill_layers,
    needs_root,
    posix_only,
    project,
    snapshot,
)
from understudy.core.cache.packs.layout import prepare_cache_folder
from understudy.core.errors import OutputError
from understudy.core.layers.folder import LayerFolder
from understudy.core.layers.output_folders import merge_folder_warnings

__all__ = ["cache", "project"]


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
            [python, "-I", "-c", program, path], capture_output=True, text=True, check=True, timeout=300
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
