# SPDX-License-Identifier: GPL-3.0-or-later
"""The Blenders that tests can be run in: 4.5 and 5.0 as `bpy`, 5.2 as Debian's program in a folder of its own."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from understudy.core.errors import UnderstudyError

from tools.blender_window.folder import chroot_command, default_folder, is_ready, why_not
from tools.build_extension.platforms import PLATFORMS
from tools.build_extension.wheels import obtain

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("4.5", "5.0", "5.2")
_SYSTEM = ("usr", "bin", "lib", "lib64", "sbin", "etc", "proc", "dev", "sys", "run")
# The Python that Debian's Blender is built on.
_DEBIAN_PYTHON = "3.14"


class Blender(Protocol):
    """A Blender without a window."""

    name: str

    def command(self, script: Path, argument: str, folders: Sequence[Path]) -> list[str]:
        """Return the command that runs a script; what it makes goes to `folders`, which it sees by the same paths."""
        ...


@dataclass(frozen=True)
class Module:
    """The module `bpy` of a Python."""

    name: str
    python: Path

    def command(self, script: Path, argument: str, folders: Sequence[Path]) -> list[str]:
        return [str(self.python), str(script), argument]


@dataclass(frozen=True)
class Program:
    """The program in a folder made by debootstrap; it runs there with this repository and its libraries at hand."""

    name: str
    folder: Path
    libraries: Path

    def command(
        self, script: Path, argument: str, folders: Sequence[Path], options: Sequence[str] = ()
    ) -> list[str]:
        """See `Blender.command`; `options` are Blender's own, for after the script."""
        visible = [*folders, ROOT]
        tops = {path.resolve().parts[1] for path in visible}.difference(_SYSTEM, {"tmp"})
        mounts = [["mkdir", "-p", f"{self.folder}/{top}"] for top in sorted(tops)]
        mounts += [["mount", "-t", "tmpfs", "tmpfs", f"{self.folder}/{top}"] for top in sorted(tops)]
        for path in map(Path.resolve, visible):
            place = f"{self.folder}{path}"
            mounts += [["mkdir", "-p", place], ["mount", "--bind", str(path), place]]
        mounts.append(["mount", "-o", "remount,bind,ro", f"{self.folder}{ROOT}"])
        # Without its compiled files each start would compile all of Understudy and its libraries anew.
        compiled = ROOT / "build" / f"compiled-{self.name}"
        compiled.mkdir(exist_ok=True)
        mounts.append(["mount", "--bind", str(compiled), f"{self.folder}{compiled}"])
        variables = {
            "PATH": "/usr/bin:/bin",
            "HOME": "/tmp",
            "LANG": "C.UTF-8",
            "PYTHONPATH": f"{script.parent}:{ROOT / 'build' / 'package'}:{self.libraries}",
            "PYTHONPYCACHEPREFIX": str(compiled),
            # As for the tests' other processes: see `user_places` in conftest.py.
            "UNDERSTUDY_SAFEGUARD": "off",
        }
        inside = ["env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        inside += ["blender", "-b", "--factory-startup", "--python-use-system-env", "--python-exit-code", "1"]
        return chroot_command(
            self.folder, mounts, [*inside, "-P", str(script), *options, "--", argument], "--net"
        )


class MissingError(UnderstudyError):
    """This machine can't run a Blender."""


@cache
def find(name: str) -> Blender:
    """Return the Blender of a version. Raises `MissingError`, saying why, where this machine does not have it."""
    if name == "5.2":
        return _program(name)
    python = ROOT / {"4.5": ".venv", "5.0": ".venv-5.0"}[name] / "bin" / "python"
    if not python.is_file():
        python = Path(sys.executable)
    asked = "import importlib.metadata as m; print(m.version('bpy'))"
    output = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False).stdout
    if not output.startswith(name):
        raise MissingError(f"Blender {name} is not set up: run `make test`")
    return Module(name, python)


def has_newest() -> bool:
    """Tell whether the newest of `NAMES` was made on this machine and may be run."""
    return is_ready(default_folder()) and os.geteuid() == 0


def _program(name: str) -> Program:
    folder = default_folder()
    if not is_ready(folder):
        raise MissingError(f"Blender {name} is not set up ({why_not(folder) or 'run `make window`'})")
    if os.geteuid() != 0:
        raise MissingError(
            f"Blender {name} runs in a folder of its own, for which mount and chroot need root"
        )
    return Program(name, folder, _libraries())


def _libraries() -> Path:
    """Unpack the wheels that the extension carries for Debian's Python, once."""
    folder = ROOT / "build" / f"libraries-{_DEBIAN_PYTHON}"
    try:
        wheels = obtain(PLATFORMS[0], ROOT / "build" / "wheels", (_DEBIAN_PYTHON,))
    except UnderstudyError as error:
        raise MissingError(f"the libraries for Blender 5.2 can't be had: {error}") from error
    listed = "".join(f"{wheel.name}\n" for wheel in wheels)
    done = folder / "unpacked.txt"
    if not done.is_file() or done.read_text() != listed:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
        done.write_text(listed)
    return folder
