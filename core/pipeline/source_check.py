# SPDX-License-Identifier: GPL-3.0-or-later
"""What an editor should know of an image of the source person: the face that was found, and what is poor about it."""

from dataclasses import dataclass

import numpy as np

from ..analysis.analyser import Analyser
from ..analysis.quality import quality_issues
from ..analysis.thumbnail import FACE_THUMBNAIL_PIXELS, face_thumbnail
from ..cache.base.compute import Flight
from ..cache.base.key import Key, stage_key
from ..cache.base.schema import ArraySpec, Schema
from ..cache.base.store import Arrays, Store
from ..errors import FaceImageError
from ..face.types import Pixels
from ..geometry.mesh_topology import Topology
from ..recipe.request import FaceImage, Identity
from ..swap.source import SourceFace, Sources

VERSION = 1
_MAX_TEXT_BYTES = 4096


def _text_fault(arrays: Arrays) -> str:
    try:
        text = arrays["faults"].tobytes().decode()
    except UnicodeDecodeError:
        return "faults is no text"
    return "" if all(line.isprintable() for line in text.split("\n")) else "faults has control characters"


SOURCE_IMAGE_SCHEMA = Schema(
    (
        ArraySpec("face", "uint8", (FACE_THUMBNAIL_PIXELS, FACE_THUMBNAIL_PIXELS, 3)),
        ArraySpec("faults", "uint8", ("bytes",)),
    ),
    {"bytes": range(_MAX_TEXT_BYTES + 1)},
    _text_fault,
)


@dataclass(frozen=True, eq=False)
class SourceImageReport:
    """What is known of one image."""

    image: FaceImage
    thumbnail: Pixels | None
    """(96, 96, 3) RGB uint8: the face in it; None where it can't be used."""
    quality_issues: tuple[str, ...]
    """What is poor about it, or the one reason why it can't be used; empty if nothing is."""


def inspect_source_image(
    store: Store, flight: Flight, sources: Sources, analyser: Analyser, topology: Topology, image: FaceImage
) -> SourceImageReport:
    """Return what is known of an image; `analyser` looks at images. Raises what `flight` does."""
    try:
        shown = sources.source_faces(Identity((image,)))[0]
    except FaceImageError as error:
        return SourceImageReport(image, None, (str(error),))
    key = _key(shown)
    arrays, _ = flight.get_or_compute(store, key, lambda: _compute_report(shown, analyser, topology))
    text = arrays["faults"].tobytes().decode()
    return SourceImageReport(image, np.asarray(arrays["face"], np.uint8), tuple(text.splitlines()))


def _key(source_face: SourceFace) -> Key:
    return stage_key("note", VERSION, {"landmark": source_face.landmark_key, "face": source_face.index})


def _compute_report(source_face: SourceFace, analyser: Analyser, topology: Topology) -> Arrays:
    frame = analyser.frames.frame(source_face.clip, 0)
    text = "\n".join(quality_issues(frame, source_face.face, topology))
    return {
        "face": face_thumbnail(frame, source_face.face),
        "faults": np.frombuffer(text.encode(), np.uint8),
    }
