# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the embedded models into a folder: the same bytes each time, no work where they are there already."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from understudy.core.errors import ModelError, OutputError

from .sources import LICENCE_FILE, MEDIAPIPE, SOURCES, Source
from .wheel import obtain, read_member, read_source

MANIFEST = "manifest.json"


def build(output: Path, wheels: Path) -> bool:
    """Make the models, the licence and the manifest in `output`; False when they were there already.

    `wheels` keeps the downloaded wheel. Each file appears whole or not at all, the manifest last, so a
    build that was cut off is done again. Raises ModelError for a wheel that is not the pinned one or can't
    be had, OutputError where the folder can't be written.
    """
    recipe = recipe_digest()
    if is_current(output, recipe):
        return False
    with zipfile.ZipFile(obtain(MEDIAPIPE, wheels)) as archive:
        files = {source.file: _convert(archive, source) for source in SOURCES}
        files[LICENCE_FILE] = read_member(archive, MEDIAPIPE.licence_member)
    manifest = json.dumps(_manifest(files, recipe), indent=2, ensure_ascii=False) + "\n"
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            _write_whole(output / name, content)
        _write_whole(output / MANIFEST, manifest.encode())
    except OSError as fault:
        raise OutputError(f"{output} can't be written ({fault.strerror}): choose another folder") from fault
    return True


def recipe_digest() -> str:
    """SHA-256 of all that decides the outputs: this package's code, the pinned wheel, the ONNX writer."""
    try:
        writer = f"onnx {version('onnx')} protobuf {version('protobuf')}"
    except PackageNotFoundError as fault:
        raise ModelError(f"{fault.name} is not installed: install the development requirements") from fault
    digest = hashlib.sha256(f"{MEDIAPIPE.sha256} {writer}\n".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_current(output: Path, recipe: str) -> bool:
    """Whether the folder's manifest is of this recipe and every file it lists has the checksum it records."""
    try:
        manifest = json.loads((output / MANIFEST).read_bytes())
        recorded = {entry["file"]: entry["sha256"] for entry in manifest["files"]}
        hashes = {name: hashlib.sha256((output / name).read_bytes()).hexdigest() for name in recorded}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    expected = {source.file for source in SOURCES} | {LICENCE_FILE}
    return bool(manifest.get("recipe_sha256") == recipe and set(hashes) == expected and hashes == recorded)


def _convert(archive: zipfile.ZipFile, source: Source) -> bytes:
    # onnx takes most of a second to import: not when there is nothing to convert.
    from .convert import convert

    return convert(read_source(archive, source), Path(source.file).stem)


def _manifest(files: dict[str, bytes], recipe: str) -> dict[str, Any]:
    return {
        "recipe_sha256": recipe,
        "source_wheel": {"file": MEDIAPIPE.file, "sha256": MEDIAPIPE.sha256, "licence": MEDIAPIPE.licence},
        "changes": "converted from TensorFlow Lite to ONNX; weights unchanged, block-sparse ones made dense",
        "files": [
            *(_model_entry(source, files[source.file]) for source in SOURCES),
            {
                "file": LICENCE_FILE,
                "sha256": hashlib.sha256(files[LICENCE_FILE]).hexdigest(),
                "source_member": MEDIAPIPE.licence_member,
                "role": "licence of the models",
            },
        ],
    }


def _model_entry(source: Source, content: bytes) -> dict[str, Any]:
    from .convert import signature

    inputs, outputs = signature(content)
    return {
        "file": source.file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "source_wheel": MEDIAPIPE.file,
        "source_wheel_sha256": MEDIAPIPE.sha256,
        "source_member": source.member,
        "source_member_sha256": source.member_sha256,
        "licence": MEDIAPIPE.licence,
        "role": source.role,
        "inputs": inputs,
        "outputs": outputs,
    }


def _write_whole(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
