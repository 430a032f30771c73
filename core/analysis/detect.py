# SPDX-License-Identifier: GPL-3.0-or-later
"""The detect stage: its key, and what it keeps of what a detector finds."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import FACE_COUNTS, MAX_COORDINATE_PIXELS, MAX_SCORE, ArraySpec, Schema, SchemaByLine
from ..cache.base.store import Arrays
from ..face.types import Detection, Pixels
from ..models.catalog import load_catalogue
from ..models.model_file import ModelFile
from ..models.session import ModelPool
from ..recipe import Detect
from .detectors.blaze import Blaze
from .detectors.contract import Detections, Detector
from .detectors.ensemble import ROTATION_VERSION, detect_rotated, detect_with_rotation_fallback, merge_passes

_POINT_COUNTS = {"blaze": (6,), "blaze-short": (6,), "s3fd": (0,), "many": (0, 3, 5, 6)}
_DEFAULT_POINT_COUNTS = (5,)
_QUARTER_TURNS = {"upright": (0,), "sideways": (0, 1, 3), "all": (0, 1, 2, 3)}


def detect_key(
    frame: str, params: Detect, detector: Detector, key_inputs: Mapping[str, str] | None = None
) -> Key:
    """Return the key of what `detect_with` finds in a frame; those of landmarks and embeddings hold this one.

    Parameters
    ----------
    frame : str
        The frame's id.
    params : Detect
        The recipe's settings.
    detector : Detector
        The network that finds faces.
    key_inputs : mapping of str to str, optional
        What the one that runs the models adds to keys.

    Returns
    -------
    Key
        The key.
    """
    inputs: dict[str, Scalar | Key] = {"frame": frame, "detector": detector.name, "score": params.score}
    files = sorted(model.sha256 for model in detector.models)
    inputs.update({"model" if len(files) == 1 else f"model{n:02d}": name for n, name in enumerate(files)})
    # Named only where they are used: a detector's plain look is one entry, however it came to be asked for.
    if params.angles != "upright":
        inputs["angles"] = params.angles
        inputs["turning"] = ROTATION_VERSION
    if params.margin > 0:
        inputs["margin"] = params.margin
    inputs.update(key_inputs or {})
    return stage_key("detect", detector.version, inputs)


@lru_cache
def _detect_schema(detector: str) -> Schema:
    points = _POINT_COUNTS.get(detector, _DEFAULT_POINT_COUNTS)
    arrays = (
        ArraySpec("boxes", "float32", ("faces", 4), -MAX_COORDINATE_PIXELS, MAX_COORDINATE_PIXELS),
        ArraySpec("points", "float32", ("faces", "points", 2), -MAX_COORDINATE_PIXELS, MAX_COORDINATE_PIXELS),
        ArraySpec("scores", "float32", ("faces",), 0.0, MAX_SCORE),
    )
    return Schema(arrays, {"faces": FACE_COUNTS, "points": points})


detect_schema = SchemaByLine("detector", _detect_schema)
"""What `detect_with` gives: the detector says how many points a face has."""


def detect_with(
    frame: Pixels,
    params: Detect,
    detector: Detector,
    further_views: Callable[[int], Iterable[Pixels]] | None = None,
) -> Arrays:
    """Find the faces of a frame.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    params : Detect
        The recipe's settings.
    detector : Detector
        The network that finds faces.
    further_views : callable, optional
        Returns the frame as it is to be looked at besides, given how many faces `frame` shows.

    Returns
    -------
    dict of str to ndarray
        `boxes` (n, 4) and `points` (n, k, 2), both float32 in frame pixels, and `scores` (n,) float32, the surest
        first. n is 0 for a frame without a face; k is 0, 3, 5 or 6 (see `Detections`).

    Raises
    ------
    ModelError
        The network can't be run.
    """
    detections = _detect_in_view(frame, params, detector)
    if further_views is not None:
        views = further_views(len(detections.scores))
        detections = merge_passes([detections, *(_detect_in_view(view, params, detector) for view in views)])
    return {"boxes": detections.boxes, "points": detections.points, "scores": detections.scores}


def _detect_in_view(frame: Pixels, params: Detect, detector: Detector) -> Detections:
    margin = params.margin / 100
    if params.angles == "auto":
        return detect_with_rotation_fallback(detector, frame, params.score, margin)
    return detect_rotated(detector, frame, params.score, _QUARTER_TURNS[params.angles], margin)


def detect(frame: Pixels, params: Detect, model: ModelFile, pool: ModelPool) -> Arrays:
    """Find faces with BlazeFace (full range), the embedded detector; see `detect_with`.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    params : Detect
        The recipe's settings.
    model : ModelFile
        BlazeFace's file.
    pool : ModelPool
        Loads and runs models.

    Returns
    -------
    dict of str to ndarray
        What `detect_with` returns.

    Raises
    ------
    ModelError
        The network can't be run.
    """
    return detect_with(frame, params, Blaze(model, load_catalogue().family("detect", "blaze"), pool))


def detections_from_arrays(arrays: Arrays) -> list[Detection]:
    """Return what `detect_with` found as values.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        `boxes` (n, 4), `points` (n, k, 2) and `scores` (n,), float32.

    Returns
    -------
    list of Detection
        One for each face, the surest first.
    """
    rows = zip(arrays["boxes"], arrays["points"], arrays["scores"], strict=True)
    return [Detection(box, points, float(score)) for box, points, score in rows]
