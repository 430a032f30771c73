# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy doctor` says of the embedded models: whether they are there, and intact."""

import json
from pathlib import Path

from ..errors import ModelError
from ..filesystem import read_input
from ..models.embedded import embedded_files, how_to_get_models
from ..models.model_file import ModelFile
from .output import show

_MAX_MANIFEST_BYTES = 1 << 20


def check_models(folder: Path) -> bool:
    """Say of each embedded model whether it is there and intact; return whether all are."""
    files = list(embedded_files(folder).values())
    missing = [path.name for path in files if not path.is_file()]
    if missing:
        models, are = ("models", "are") if len(missing) > 1 else ("model", "is")
        show(f"the embedded {models} {', '.join(missing)} {are} missing in {folder}: {how_to_get_models()}")
    known = _manifest_hashes(folder / "manifest.json")
    try:
        intact = [_check_model(ModelFile(path), known) for path in files if path.name not in missing]
    except ModelError as error:
        show(str(error))
        return False
    return not missing and all(intact)


def _check_model(model: ModelFile, hashes: dict[str, str]) -> bool:
    expected = hashes.get(model.path.name)
    if expected is None:
        show(f"{model.path} is there; no manifest says what it should be: {how_to_get_models()}")
        return False
    if model.sha256 != expected:
        show(f"{model.path} is damaged: delete it and {how_to_get_models()}")
        return False
    show(f"{model.path} is intact")
    return True


def _manifest_hashes(manifest: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that a manifest lists; none if there is no readable manifest."""
    try:
        listed = json.loads(read_input(manifest, _MAX_MANIFEST_BYTES))["files"]
        return {str(entry["file"]): str(entry["sha256"]) for entry in listed}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
