# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the wheel that pip installs: `python -m tools.build_wheel [--output dist]`.

setup.py says what is in it. Here it is built away from the repository's folder and looked through: it has to
hold the code of `core` and the embedded models, all of that and nothing else.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from understudy.core.errors import OutputError, UnderstudyError

from tools.build_extension.package import ROOT, code_files, model_files

# 1980, the earliest a zip can tell: the same input gives the same bytes.
_EPOCH = "315532800"


def build(output: Path) -> Path:
    """Make the wheel in the folder `output` and return its path. Raises UnderstudyError."""
    wanted = {name for name in code_files() if name != "LICENSE" and not name.startswith("addon/")}
    wanted.update(model_files(ROOT / "build" / "models"))
    with tempfile.TemporaryDirectory(prefix="understudy_wheel_") as folder:
        made = _run_pip(Path(folder))
        with zipfile.ZipFile(made) as archive:
            packed = {
                name.removeprefix("understudy/") for name in archive.namelist() if ".dist-info/" not in name
            }
        if packed != wanted:
            wrong = ", ".join(sorted(packed ^ wanted))
            raise OutputError(f"the wheel lacks these files, or should not hold them: {wrong}; see setup.py")
        target = output / made.name
        try:
            output.mkdir(parents=True, exist_ok=True)
            target.write_bytes(made.read_bytes())
        except OSError as fault:
            raise OutputError(
                f"{target} can't be written ({fault.strerror}): choose another --output"
            ) from fault
    return target


def _run_pip(folder: Path) -> Path:
    """Build with this Python's own setuptools: nothing is downloaded. Raises OutputError."""
    settings = folder / "build.cfg"
    places = f"[build]\nbuild_base = {folder / 'build'}\n[egg_info]\negg_base = {folder}\n"
    settings.write_text(places, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(folder / "dist"), str(ROOT)]
    environment = {**os.environ, "DIST_EXTRA_CONFIG": str(settings), "SOURCE_DATE_EPOCH": _EPOCH}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise OutputError(f"pip can't build the wheel: {reason}")
    (made,) = (folder / "dist").glob("*.whl")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the wheel; returns 0, or 1 after one line on standard error that names the fault."""
    parser = argparse.ArgumentParser(prog="tools.build_wheel", description="Make the wheel.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder of the wheel (dist/)")
    try:
        made = build(parser.parse_args(arguments).output)
    except UnderstudyError as fault:
        print(f"wheel: {fault}", file=sys.stderr)
        return 1
    print(f"wheel: {made}, {made.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
