# SPDX-License-Identifier: GPL-3.0-or-later
"""What an editor should know of a picture of who plays the part: the face that was found, and what is poor about it."""

from dataclasses import dataclass

import numpy as np

from ..analysis.analyser import Analyser
from ..analysis.quality import faults
from ..analysis.thumbnail import SIZE, face_picture
from ..cache.base.compute import Flight
from ..cache.base.key import Key, stage_key
from ..cache.base.schema import ArraySpec, Schema
from ..cache.base.store import Arrays, Store
from ..errors import PictureError
from ..face.types import Pixels
from ..geometry.mesh_topology import Topology
from ..recipe.request import Identity, Picture
from ..swap.source import SeenFace, Sources

VERSION = 1
_MOST_TEXT = 4096


def _text_fault(arrays: Arrays) -> str:
    try:
        text = arrays["faults"].tobytes().decode()
    except UnicodeDecodeError:
        return "faults is no text"
    return "" if all(line.isprintable() for line in text.split("\n")) else "faults has control characters"


NOTE_SCHEMA = Schema(
    (ArraySpec("face", "uint8", (SIZE, SIZE, 3)), ArraySpec("faults", "uint8", ("bytes",))),
    {"bytes": range(_MOST_TEXT + 1)},
    _text_fault,
)


@dataclass(frozen=True, eq=False)
class PictureNote:
    """What is known of one picture."""

    picture: Picture
    face: Pixels | None
    """(96, 96, 3) RGB uint8: the face in it; None where it can't be used."""
    faults: tuple[str, ...]
    """What is poor about it, or the one reason why it can't be used; empty if nothing is."""


def note_on(
    store: Store, flight: Flight, sources: Sources, analyser: Analyser, topology: Topology, picture: Picture
) -> PictureNote:
    """Return what is known of a picture; `analyser` looks at pictures. Raises what `flight` does."""
    try:
        shown = sources.seen(Identity((picture,)))[0]
    except PictureError as error:
        return PictureNote(picture, None, (str(error),))
    key = _key(shown)
    arrays, _ = flight.result(store, key, lambda: _looked_at(shown, analyser, topology))
    text = arrays["faults"].tobytes().decode()
    return PictureNote(picture, np.asarray(arrays["face"], np.uint8), tuple(text.splitlines()))


def _key(shown: SeenFace) -> Key:
    return stage_key("note", VERSION, {"landmark": shown.landmarked, "face": shown.index})


def _looked_at(shown: SeenFace, analyser: Analyser, topology: Topology) -> Arrays:
    frame = analyser.frame(shown.clip, 0)
    text = "\n".join(faults(frame, shown.face, topology))
    return {
        "face": face_picture(frame, shown.face),
        "faults": np.frombuffer(text.encode(), np.uint8),
    }
