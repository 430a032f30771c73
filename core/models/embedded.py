# SPDX-License-Identifier: GPL-3.0-or-later
"""The models that come with Understudy: where they are found."""

from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError
from .session import ModelFile

DETECTOR = "blaze_face_full_192.onnx"
LANDMARKER = "face_mesh_attention_192.onnx"
MASKER = "selfie_segmentation_256.onnx"


@dataclass(frozen=True)
class EmbeddedModels:
    """The model files that the built-in engine needs."""

    detector: ModelFile
    landmarker: ModelFile


def embedded_folder() -> Path:
    """Return the folder with the embedded models.

    In the packaged extension that is `core/models/embedded`; in a checkout, where set-up built them:
    `build/models`.
    """
    packaged = Path(__file__).parent / "embedded"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / "build" / "models"


def embedded_models(folder: Path | None = None) -> EmbeddedModels:
    """Return the embedded models of `folder` (default: `embedded_folder()`). ModelError if one is missing."""
    folder = embedded_folder() if folder is None else folder
    for name in (DETECTOR, LANDMARKER):
        if not (folder / name).is_file():
            raise ModelError(
                f"the embedded model {name} is missing in {folder}: install the extension again, or in a checkout run "
                "`make models`"
            )
    return EmbeddedModels(ModelFile(folder / DETECTOR), ModelFile(folder / LANDMARKER))


def embedded_files(folder: Path | None = None) -> dict[tuple[str, str], Path]:
    """Return where each embedded model belongs, by role and family; the files need not be there."""
    folder = embedded_folder() if folder is None else folder
    return {
        ("detect", "blaze"): folder / DETECTOR,
        ("landmark", "face-mesh"): folder / LANDMARKER,
        ("occlude", "selfie"): folder / MASKER,
    }
