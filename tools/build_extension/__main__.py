# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: `python -m tools.build_extension --output dist/`, from the repository's root."""

import argparse
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from understudy.core.errors import UnderstudyError
from understudy.core.models.embedded import embedded_folder

from .package import ROOT, checker, code_files, manifest, model_files, validate, write
from .platforms import PLATFORMS, Platform
from .wheels import obtain


def build(platform: Platform, output: Path, wheels: Path, models: Path) -> Path:
    """Make the zip of a platform in the folder `output` and return its path. Raises UnderstudyError."""
    text = (ROOT / "blender_manifest.toml").read_text(encoding="utf-8")
    found = obtain(platform, wheels)
    facts = tomllib.loads(text)
    package = output / f"{facts['id']}-{facts['version']}-{platform.name.replace('-', '_')}.zip"
    files: dict[str, Path | str] = {"blender_manifest.toml": manifest(text, platform, found)}
    files.update(code_files())
    files.update(model_files(models))
    files.update({f"wheels/{wheel.name}": wheel for wheel in found})
    write(package, files)
    return package


def main(arguments: Sequence[str] | None = None) -> int:
    """Make and check the zips; returns 0, or 1 after one line on standard error that names the fault."""
    parser = argparse.ArgumentParser(prog="tools.build_extension", description="Make the extension's zip.")
    names = {platform.name: platform for platform in PLATFORMS}
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder of the zips (dist/)")
    parser.add_argument(
        "--wheels", type=Path, default=ROOT / "build" / "wheels", help="where wheels are kept"
    )
    parser.add_argument("--models", type=Path, default=embedded_folder(), help="the embedded models")
    parser.add_argument(
        "--platform", action="append", choices=[*names, "all"], help="linux-x64 unless given; may be repeated"
    )
    options = parser.parse_args(arguments)
    wanted = options.platform or ["linux-x64"]
    program = checker()
    try:
        for name in names if "all" in wanted else dict.fromkeys(wanted):
            package = build(names[name], options.output, options.wheels, options.models)
            told = validate(package, program) if program else "not checked: there is no `bpy` here"
            print(f"extension: {package}, {package.stat().st_size / 1e6:.0f} MB; {told}")
    except UnderstudyError as fault:
        print(f"extension: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
