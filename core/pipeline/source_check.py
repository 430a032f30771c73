# SPDX-License-Identifier: GPL-3.0-or-later
"""What an editor should know of an image of the source person: the faces in it, and what is poor about them."""

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
from ..recipe import Detect
from ..recipe.request import FaceImage
from ..swap.source import SourceFace, Sources

VERSION = 2
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
class FaceReport:
    """What is known of one face of an image."""

    thumbnail: Pixels
    """(96, 96, 3) RGB uint8."""
    quality_issues: tuple[str, ...]
    """What is poor about it; empty if nothing is."""


@dataclass(frozen=True, eq=False)
class SourceImageReport:
    """What is known of one image."""

    image: FaceImage
    faces: tuple[FaceReport, ...]
    """Every face in it, from the left, whichever of them is meant."""
    fault: str
    """Why it can't be used, empty where it can; what is poor about the face that is meant is no reason."""

    @property
    def thumbnail(self) -> Pixels | None:
        """The face that is meant, (96, 96, 3) RGB uint8; None where the image can't be used."""
        return None if self.fault else self._face.thumbnail

    @property
    def quality_issues(self) -> tuple[str, ...]:
        """What is poor about it, or the one reason why it can't be used; empty if nothing is."""
        return (self.fault,) if self.fault else self._face.quality_issues

    @property
    def _face(self) -> FaceReport:
        return self.faces[self.image.face_index(len(self.faces))]


def inspect_source_image(
    store: Store,
    flight: Flight,
    sources: Sources,
    analyser: Analyser,
    topology: Topology,
    image: FaceImage,
    detect: Detect,
) -> SourceImageReport:
    """Return what is known of an image of the source person. Raises what `flight` does.

    Parameters
    ----------
    store : Store
        Where reports of faces are kept.
    flight : Flight
        It has each computed once.
    sources : Sources
        They find the faces of images.
    analyser : Analyser
        It looks at images, as `detect` says.
    topology : Topology
        The canonical face mesh.
    image : FaceImage
        The image and which face of it.
    detect : Detect
        How its faces are looked for.

    Returns
    -------
    SourceImageReport
        A report of each face; what is wrong with the image is its `fault`, and raises nothing.
    """
    faces: tuple[FaceReport, ...] = ()
    fault = ""
    try:
        faces = tuple(
            _face_report(store, flight, face, analyser, topology) for face in sources.faces_in(image, detect)
        )
        image.face_index(len(faces))
    except FaceImageError as error:
        fault = str(error)
    return SourceImageReport(image, faces, fault)


def _face_report(
    store: Store, flight: Flight, source_face: SourceFace, analyser: Analyser, topology: Topology
) -> FaceReport:
    arrays, _ = flight.get_or_compute(
        store, _key(source_face), lambda: _compute_report(source_face, analyser, topology)
    )
    text = arrays["faults"].tobytes().decode()
    return FaceReport(np.asarray(arrays["face"], np.uint8), tuple(text.splitlines()))


def _key(source_face: SourceFace) -> Key:
    return stage_key("note", VERSION, {"landmark": source_face.landmark_key, "face": source_face.index})


def _compute_report(source_face: SourceFace, analyser: Analyser, topology: Topology) -> Arrays:
    frame = analyser.frames.frame(source_face.clip, 0)
    text = "\n".join(quality_issues(frame, source_face.face, topology))
    return {
        "face": face_thumbnail(frame, source_face.face),
        "faults": np.frombuffer(text.encode(), np.uint8),
    }
