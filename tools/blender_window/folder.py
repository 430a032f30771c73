# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder with Debian unstable and its Blender, made once with debootstrap. The machine's own stays as it is."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from understudy.core.errors import OutputError

VARIABLE = "UNDERSTUDY_BLENDER_FOLDER"
ROOT = Path(__file__).resolve().parents[2]
SUITE = "unstable"
# Blender's own builds bring the Python packages along; Debian's expects them. OpenCV, PyAV and ONNX Runtime must
# not be here: the extension has to bring its own.
PACKAGES = (
    "blender", "xvfb", "xauth", "libgl1-mesa-dri", "imagemagick", "xdotool",
    "python3-numpy", "python3-cattr", "python3-requests", "python3-zstandard",
)  # fmt: skip
MOUNT_POINTS = ("given", "work")
_READY = ".understudy-ready"
_PROGRAMS = ("debootstrap", "unshare", "chroot", "mount")


def default_folder() -> Path:
    """Return where the folder is: what the environment says, or `build/blender-5.2`."""
    return Path(os.environ.get(VARIABLE) or ROOT / "build" / "blender-5.2").resolve()


def is_ready(folder: Path) -> bool:
    """Tell whether `ensure` has finished the folder."""
    return (folder / _READY).is_file()


def why_not(folder: Path) -> str:
    """Say why a window can't be had on this machine, or return an empty text."""
    if os.geteuid() != 0:
        return "debootstrap, mount and chroot need root"
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if is_ready(folder):
        missing = [name for name in missing if name != "debootstrap"]
    if missing:
        return f"{', '.join(missing)} is not installed: apt-get install debootstrap util-linux"
    if not is_ready(folder) and _mirror() is None:
        return f"no package mirror in this machine's apt configuration answers with Debian {SUITE}"
    return ""


def ensure(folder: Path | None = None) -> Path:
    """Return the folder, made and filled where it is not there yet (minutes, 1.8 GB). Raises OutputError."""
    folder = default_folder() if folder is None else folder
    if is_ready(folder):
        return folder
    reason = why_not(folder)
    if reason:
        raise OutputError(f"no Blender window here: {reason}")
    if not (folder / "usr" / "bin" / "apt-get").is_file():
        _run("debootstrap", "--variant=minbase", SUITE, str(folder), str(_mirror()))
    install(folder, PACKAGES)
    for name in MOUNT_POINTS:
        (folder / name).mkdir(exist_ok=True)
    (folder / _READY).touch()
    return folder


def install(folder: Path, packages: Sequence[str]) -> None:
    """Install Debian's packages in the folder. Raises OutputError, as where others would have to go for them."""
    program = ["apt-get", "install", "-y", "--no-install-recommends", "--no-remove", *packages]
    _run(*chroot_command(folder, [], ["env", "DEBIAN_FRONTEND=noninteractive", *program]))


def chroot_command(
    folder: Path, mounts: Sequence[Sequence[str]], program: Sequence[str], *flags: str
) -> list[str]:
    """Return the command that runs a program inside the folder.

    It has mounts and processes of its own: nothing of them is seen outside, so that even removing the folder while
    it runs can't touch the machine, and all of it ends with the command. `mounts` are further commands to run
    before; `flags` go to unshare.
    """
    place = str(folder)
    commands = [
        ["mount", "-t", "proc", "proc", f"{place}/proc"],
        ["mount", "--rbind", "/dev", f"{place}/dev"],
        ["mount", "-t", "tmpfs", "tmpfs", f"{place}/tmp"],  # noqa: S108 - inside the folder
        *mounts,
    ]
    # The shell stays process 1: Xvfb does not tell a process 1 that it is ready, so xvfb-run would wait for ever.
    script = " && ".join(map(_quote_command, [*commands, ["chroot", place, *program]])) + "; exit $?"
    own = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
    return [*own, *flags, "sh", "-c", script]


def _quote_command(command: Sequence[str]) -> str:
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in command)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it gave no reason"]
        raise OutputError(f"{command[0]} failed while Blender's folder was made: {said[-1]}; run it again")


def _mirror() -> str | None:
    """Return the first of this machine's own package mirrors that has the suite."""
    for site in _sites():
        try:
            with urlopen(f"{site}/dists/{SUITE}/InRelease", timeout=20):  # noqa: S310 - what apt itself uses
                return site
        except (URLError, OSError, ValueError):
            continue
    return None


def _sites() -> Iterator[str]:
    command = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return
    yield from (
        site for site in dict.fromkeys(listed.split()) if site.startswith(("http://", "https://", "file:"))
    )
