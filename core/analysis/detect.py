# SPDX-License-Identifier: GPL-3.0-or-later
"""The detect stage: its key, and what it keeps of what a detector finds."""

from collections.abc import Mapping
from functools import lru_cache

from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import FACES, FARTHEST, SUREST, ArraySpec, Schema, SchemaByLine
from ..cache.base.store import Arrays
from ..face.types import Detection, Pixels
from ..models.catalog import load_catalogue
from ..models.session import ModelFile, ModelPool
from ..recipe import Detect
from .detectors.blaze import Blaze
from .detectors.contract import Detector
from .detectors.ensemble import TURNING_VERSION, found_any_way, found_turned

_BOX_POINTS = {"blaze": (6,), "blaze-short": (6,), "s3fd": (0,), "many": (0, 3, 5, 6)}
_FIVE = (5,)
_QUARTERS = {"upright": (0,), "sideways": (0, 1, 3), "all": (0, 1, 2, 3)}


def detect_key(
    frame: str, params: Detect, detector: Detector, processor: Mapping[str, str] | None = None
) -> Key:
    """Return the key of what `detect_with` finds in the frame with this id.

    `processor` is what the one that runs the models adds to keys; those of landmarks and embeddings hold this one.
    """
    inputs: dict[str, Scalar | Key] = {"frame": frame, "detector": detector.name, "score": params.score}
    files = sorted(model.sha256 for model in detector.models)
    inputs.update({"model" if len(files) == 1 else f"model{n:02d}": name for n, name in enumerate(files)})
    # Named only where they are used: a detector's plain look is one entry, however it came to be asked for.
    if params.angles != "upright":
        inputs["angles"] = params.angles
        inputs["turning"] = TURNING_VERSION
    if params.margin > 0:
        inputs["margin"] = params.margin
    inputs.update(processor or {})
    return stage_key("detect", detector.version, inputs)


@lru_cache
def _detect_schema(detector: str) -> Schema:
    points = _BOX_POINTS.get(detector, _FIVE)
    arrays = (
        ArraySpec("boxes", "float32", ("faces", 4), -FARTHEST, FARTHEST),
        ArraySpec("points", "float32", ("faces", "points", 2), -FARTHEST, FARTHEST),
        ArraySpec("scores", "float32", ("faces",), 0.0, SUREST),
    )
    return Schema(arrays, {"faces": FACES, "points": points})


detect_schema = SchemaByLine("detector", _detect_schema)
"""What `detect_with` gives: the detector says how many points a face has."""


def detect_with(frame: Pixels, params: Detect, detector: Detector) -> Arrays:
    """Find the faces of an (H, W, 3) RGB uint8 frame.

    Returns `boxes` (n, 4), `points` (n, k, 2), both float32 in frame pixels, and `scores` (n,) float32,
    the surest first. n is 0 for a frame without a face; k is 0, 3, 5 or 6 (see `Found`).
    """
    margin = params.margin / 100
    if params.angles == "auto":
        found = found_any_way(detector, frame, params.score, margin)
    else:
        found = found_turned(detector, frame, params.score, _QUARTERS[params.angles], margin)
    return {"boxes": found.boxes, "points": found.points, "scores": found.scores}


def detect(frame: Pixels, params: Detect, model: ModelFile, pool: ModelPool) -> Arrays:
    """Find faces with BlazeFace (full range), the embedded detector; see `detect_with`."""
    return detect_with(frame, params, Blaze(model, load_catalogue().family("detect", "blaze"), pool))


def detections(arrays: Arrays) -> list[Detection]:
    """Return what `detect` found as values, the surest first."""
    rows = zip(arrays["boxes"], arrays["points"], arrays["scores"], strict=True)
    return [Detection(box, points, float(score)) for box, points, score in rows]
