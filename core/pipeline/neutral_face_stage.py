# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawing of a source person from the front, kept: an editor sees at once what shape makes of their images."""

import numpy as np

from ..analysis.analyser import Analyser
from ..cache.base.compute import Flight
from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.store import Arrays, Store
from ..face.types import Pixels
from ..geometry.face_form import neutral_form
from ..geometry.mesh_topology import Topology
from ..recipe import Detect, Swap
from ..recipe.request import Identity
from ..swap import neutral_face, whole_texture
from ..swap.source import Sources
from ..system.library_versions import library_inputs

_MIRROR = Swap().mirror
"""The same for every modifier: a drag of its slider, or keyframes, would draw a face for each value."""


def neutral_source_face(
    store: Store,
    flight: Flight,
    sources: Sources,
    analyser: Analyser,
    topology: Topology,
    identity: Identity,
    detect: Detect,
) -> Pixels:
    """Return the source person as shape understands them, kept or drawn; see `draw_neutral_face`.

    Parameters
    ----------
    store : Store
        Where what was drawn is kept.
    flight : Flight
        Computes what is missing.
    sources : Sources
        The images of source people.
    analyser : Analyser
        Looks at images.
    topology : Topology
        The mesh.
    identity : Identity
        The source person; all their images count.
    detect : Detect
        How faces are found in the images.

    Returns
    -------
    ndarray, shape (128, 128, 3), uint8
        The face, RGB.

    Raises
    ------
    FaceImageError
        An image can't be used.
    ModelError
        A network can't be run.
    """

    def draw() -> Arrays:
        faces = sources.source_faces(identity, detect)
        form = neutral_form([shown.face.landmarks for shown in faces], topology)
        texture, coverage = sources.texture(identity, _MIRROR, detect, whole_skin=True)
        best = max(faces, key=lambda shown: whole_texture.image_weight(shown.face.landmarks, topology))
        image = analyser.frames.frame(best.clip, 0)
        drawn = neutral_face.draw_neutral_face(
            form.points, texture, coverage, image, best.face.landmarks, topology
        )
        return {"face": drawn}

    inputs: dict[str, Scalar | Key] = {
        "source": sources.texture_key(identity, detect),
        "mirror": _MIRROR,
        "look": whole_texture.VERSION,
    }
    key = stage_key("neutral_face", neutral_face.VERSION, inputs | library_inputs("numpy", "opencv"))
    arrays, _ = flight.get_or_compute(store, key, draw)
    return np.asarray(arrays["face"], np.uint8)
