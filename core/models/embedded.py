# SPDX-License-Identifier: GPL-3.0-or-later
"""The models that come with Understudy: where they are found."""

from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError
from .model_file import ModelFile

DETECTOR = "blaze_face_full_192.onnx"
LANDMARKER = "face_mesh_attention_192.onnx"
MASKER = "selfie_segmentation_256.onnx"
SAFEGUARD = "nudenet-320n.onnx"
"""What `make models` puts beside the embedded models. Its license is the AGPL: neither the extension nor the wheel has
it, and nothing but the safeguard needs it."""
SAFEGUARD_FAMILY = ("safeguard", "nudenet")
"""Its role and family."""
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class EmbeddedModels:
    """The model files that the built-in engine needs."""

    detector: ModelFile
    landmarker: ModelFile


def embedded_folder() -> Path:
    """Return the folder with the embedded models; it need not be there.

    In the extension and in the wheel that is `core/models/embedded`; in a checkout, where set-up built them:
    `build/models`.
    """
    packaged = Path(__file__).parent / "embedded"
    return _ROOT / "build" / "models" if _is_checkout() and not packaged.is_dir() else packaged


def embedded_models(folder: Path | None = None) -> EmbeddedModels:
    """Return the embedded models of `folder` (default: `embedded_folder()`). ModelError if one is missing."""
    folder = embedded_folder() if folder is None else folder
    for name in (DETECTOR, LANDMARKER):
        if not (folder / name).is_file():
            raise ModelError(f"the embedded model {name} is missing in {folder}: {how_to_get_models()}")
    return EmbeddedModels(ModelFile(folder / DETECTOR), ModelFile(folder / LANDMARKER))


def how_to_get_models() -> str:
    """Return what to do where embedded models are missing or damaged, for the way this Understudy was installed."""
    if _is_checkout():
        return "run `make models`"
    if _is_extension():
        return "install the extension again"
    return (
        "run `make wheel` in a checkout of Understudy, then `pip install --force-reinstall` with the wheel that it "
        "makes in dist"
    )


def program_words() -> str:
    """Return how the command line is called where this Understudy is installed."""
    return "blender --command understudy" if _is_extension() else "understudy"


def _is_extension() -> bool:
    return not _is_checkout() and (_ROOT / "blender_manifest.toml").is_file()


def _is_checkout() -> bool:
    return (_ROOT / "pyproject.toml").is_file()


def embedded_files(folder: Path | None = None) -> dict[tuple[str, str], Path]:
    """Return where each embedded model belongs, by role and family; the files need not be there."""
    folder = embedded_folder() if folder is None else folder
    return {
        ("detect", "blaze"): folder / DETECTOR,
        ("landmark", "face-mesh"): folder / LANDMARKER,
        ("occlude", "selfie"): folder / MASKER,
    }


def safeguard_file(folder: Path | None = None) -> Path:
    """Return where the safeguard's model lies beside the embedded ones of `folder`; it need not be there."""
    return (embedded_folder() if folder is None else folder) / SAFEGUARD
