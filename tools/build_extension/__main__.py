# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: `python -m tools.build_extension [--variant cuda]`, from the repository's root."""

import argparse
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from understudy.core.errors import OutputError, UnderstudyError
from understudy.core.models.embedded import embedded_folder

from .package import ROOT, checker, code_files, manifest, model_files, validate, write
from .platforms import CPU, PLATFORMS, PYTHONS, VARIANTS, Platform, Variant
from .wheels import obtain


def build(
    platform: Platform,
    output: Path,
    wheels: Path,
    models: Path,
    variant: Variant = CPU,
    pythons: Sequence[str] | None = None,
) -> Path:
    """Make the zip of a platform in the folder `output` and return its path.

    It is for all Pythons of the variant unless `pythons` are given. Raises UnderstudyError.
    """
    pythons = pythons or variant.pythons
    if platform.name not in variant.platforms:
        raise OutputError(
            f"there is no {variant.name} variant for {platform.name}, only for {', '.join(variant.platforms)}"
        )
    text = (ROOT / "blender_manifest.toml").read_text(encoding="utf-8")
    missing = [python for python in pythons if python not in variant.pythons]
    if missing:
        raise OutputError(f"there is no {variant.name} variant for Python {missing[0]}")
    wheel_paths = obtain(platform, wheels, pythons, variant)
    facts = tomllib.loads(text)
    built_for = platform.name if variant == CPU else f"{variant.name}-{platform.name}"
    package = output / f"{facts['id']}-{facts['version']}-{built_for.replace('-', '_')}.zip"
    files: dict[str, Path | str] = {"blender_manifest.toml": manifest(text, platform, wheel_paths)}
    files.update(code_files())
    files.update(model_files(models))
    files.update({f"wheels/{wheel.name}": wheel for wheel in wheel_paths})
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
        "--platform",
        action="append",
        choices=[*names, "all"],
        help="the first that the variant is made for, unless given; may be repeated; all: every one of these",
    )
    variants = {variant.name: variant for variant in VARIANTS}
    parser.add_argument(
        "--variant",
        choices=variants,
        default=CPU.name,
        help="which processor its ONNX Runtime is built for besides the CPU; cpu unless given",
    )
    parser.add_argument(
        "--python",
        action="append",
        choices=PYTHONS,
        help="for one Python alone: a smaller zip; may be repeated",
    )
    options = parser.parse_args(arguments)
    variant = variants[options.variant]
    wanted = options.platform or variant.platforms[:1]
    program = checker()
    try:
        for name in variant.platforms if "all" in wanted else dict.fromkeys(wanted):
            package = build(
                names[name], options.output, options.wheels, options.models, variant, options.python
            )
            verdict = validate(package, program) if program else "not checked: there is no `bpy` here"
            print(f"extension: {package}, {package.stat().st_size / 1e6:.0f} MB; {verdict}")
    except UnderstudyError as fault:
        print(f"extension: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
