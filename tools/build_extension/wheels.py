# SPDX-License-Identifier: GPL-3.0-or-later
"""Get the pinned wheels of a platform with pip, which checks their hashes. Nothing in them is run."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from understudy.core.errors import OutputError

from .platforms import CPU, PYTHONS, Platform, Variant

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements"
LOCKED = REQUIREMENTS / CPU.requirements_file


def pins(requirements: str, names: Iterable[str]) -> str:
    """Return the entries of `names` in the text of a locked requirements file, hashes and all.

    Raises OutputError for a name that is not pinned there.
    """
    entries = {
        entry.partition("==")[0]: entry for entry in re.split(r"\n(?=\S)", requirements) if "==" in entry
    }
    missing = [name for name in names if name not in entries]
    if missing:
        raise OutputError(
            f"{LOCKED.name} does not pin {', '.join(missing)}: add it to runtime.in, run `make lock`"
        )
    return "\n".join(entries[name].rstrip() for name in names) + "\n"


def wanted_pins(variant: Variant, platform: Platform) -> str:
    """Return the entries of all that a variant carries on a platform. Raises OutputError if one is not pinned."""
    files = dict.fromkeys(
        (LOCKED, REQUIREMENTS / variant.requirements_file, REQUIREMENTS / platform.requirements_file)
    )
    locked = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return pins(locked, (*variant.bundled, *platform.bundled))


def obtain(
    platform: Platform, store: Path, pythons: Iterable[str] = PYTHONS, variant: Variant = CPU
) -> list[Path]:
    """Return the wheels of a platform in `store`, by name; those that are not there yet are downloaded.

    Raises OutputError where one can't be downloaded or has another hash than the pinned one, or where `store`
    can't be written.
    """
    paths: set[Path] = set()
    try:
        store.mkdir(parents=True, exist_ok=True)
        # A download that is cut off must not be taken for a wheel: it moves into place when it is complete.
        with tempfile.TemporaryDirectory(dir=store, prefix=".download.") as partial:
            wanted = Path(partial) / "wanted.txt"
            wanted.write_text(wanted_pins(variant, platform), encoding="utf-8")
            for python in pythons:
                folder = Path(partial) / python
                _download(platform, python, wanted, folder, store)
                for wheel in sorted(folder.glob("*.whl")):
                    paths.add(wheel.replace(store / wheel.name))
    except OSError as fault:
        raise OutputError(f"{store} can't be written ({fault.strerror}): choose another --wheels") from fault
    return sorted(paths)


def _download(platform: Platform, python: str, requirements: Path, folder: Path, store: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += [
        "--require-hashes",
        "--only-binary=:all:",
        "--implementation",
        "cp",
        "--python-version",
        python,
    ]
    command += ["--abi", f"cp{python.replace('.', '')}", "--abi", "abi3"]
    command += [word for tag in platform.tags for word in ("--platform", tag)]
    command += ["--requirement", str(requirements), "--dest", str(folder), "--find-links", str(store)]
    # What was downloaded before is used without asking anybody.
    if subprocess.run([*command, "--no-index"], capture_output=True, check=False).returncode == 0:
        return
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise OutputError(f"the wheels for {platform.name}, Python {python} can't be downloaded: {reason}")
