# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the extension's files together and write them as one zip, the same bytes for the same input."""

import json
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from understudy.core.errors import ModelError, OutputError

from .platforms import Platform

ROOT = Path(__file__).resolve().parents[2]
MODELS = "core/models/embedded"
_CODE = ("addon", "core")
_KINDS = frozenset({".py", ".json", ".toml"})
_DATE = (1980, 1, 1, 0, 0, 0)


def manifest(text: str, platform: Platform, wheels: Sequence[Path]) -> str:
    """Return the text of a manifest with the platform and its wheels written in. Raises OutputError."""
    lines = [f'platforms = ["{platform.name}"]', "wheels = ["]
    lines += [f'    "./wheels/{wheel.name}",' for wheel in wheels] + ["]", ""]
    # Keys of the manifest itself must come before its first table.
    head, table, tables = text.partition("\n[")
    made = head.rstrip("\n") + "\n" + "\n".join(lines) + table + tables
    try:
        listed = tomllib.loads(made)["wheels"]
    except (tomllib.TOMLDecodeError, KeyError) as fault:
        raise OutputError(f"blender_manifest.toml can't take the wheels in: {fault}") from fault
    if len(listed) != len(wheels):
        raise OutputError("blender_manifest.toml lists wheels of its own: remove them, they are written here")
    return made


def code_files(root: Path = ROOT) -> dict[str, Path]:
    """Return every file of the extension's code, by its name in the zip."""
    files = {name: root / name for name in ("__init__.py", "LICENSE")}
    for folder in _CODE:
        for path in (root / folder).rglob("*"):
            name = path.relative_to(root).as_posix()
            if path.suffix in _KINDS and path.is_file() and not name.startswith(f"{MODELS}/"):
                files[name] = path
    return files


def model_files(folder: Path) -> dict[str, Path]:
    """Return the embedded models, their licence and manifest, by their names in the zip. Raises ModelError."""
    index = folder / "manifest.json"
    try:
        listed = [entry["file"] for entry in json.loads(index.read_text(encoding="utf-8"))["files"]]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise ModelError(f"{index} can't be read ({type(fault).__name__}): run `make models`") from fault
    names = {*listed, index.name, *(path.name for path in folder.glob("LICENSE*"))}
    missing = [name for name in sorted(names) if not (folder / name).is_file()]
    if missing:
        raise ModelError(f"{folder} lacks {', '.join(missing)}: run `make models`")
    return {f"{MODELS}/{name}": folder / name for name in names}


def write(output: Path, files: Mapping[str, Path | str]) -> None:
    """Write files, or texts, by their names in the zip. Raises OutputError; no half a zip is left."""
    partial = output.with_suffix(".part")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(partial, "w") as archive:
            for name in sorted(files):
                source = files[name]
                content = source.encode() if isinstance(source, str) else source.read_bytes()
                entry = zipfile.ZipInfo(name, _DATE)
                entry.external_attr = 0o644 << 16
                packed = name.endswith(".whl")
                entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)
        partial.replace(output)
    except OSError as fault:
        partial.unlink(missing_ok=True)
        raise OutputError(f"{output} can't be written ({fault.strerror}): choose another --output") from fault


def checker() -> Path | None:
    """Return Blender's own program that checks extensions, out of the module `bpy`; None without one."""
    spec = find_spec("bpy")
    if spec is None or spec.origin is None:
        return None
    programs = Path(spec.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")
    return next(iter(sorted(programs)), None)


def validate(package: Path, program: Path) -> str:
    """Return what Blender's checker says of a package. OutputError if it refuses the package."""
    done = subprocess.run(
        [sys.executable, str(program), "validate", str(package)], capture_output=True, text=True, check=False
    )
    output = " ".join((done.stdout + done.stderr).split())
    if done.returncode:
        raise OutputError(f"Blender refuses {package.name}: {output}")
    return output
