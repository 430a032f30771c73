# SPDX-License-Identifier: GPL-3.0-or-later
"""Which people of a clip wear glasses with a thick frame: judged by all of the clip's sample frames, not by one."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..analysis.person_clustering import FaceRef, FaceSample
from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import ArraySpec, Schema
from ..cache.base.store import Arrays
from ..face.types import Pixels
from ..geometry.glasses import RimShares, has_thick_frames, measure_rims
from ..geometry.mesh_topology import Topology
from ..system.library_versions import library_inputs

VERSION = 1
_MAX_PEOPLE = 1 << 10
GLASSES_SCHEMA = Schema((ArraySpec("thick", "uint8", ("people",), 0, 1),), {"people": range(_MAX_PEOPLE)})


def glasses_key(shape: Key) -> Key:
    """Return the key of what `judge_glasses` gives for the people whose forms have the key `shape`."""
    inputs: dict[str, Scalar | Key] = {"shape": shape, **library_inputs("numpy", "opencv")}
    return stage_key("glasses", VERSION, inputs)


def measure_samples(
    image: Pixels, samples: Sequence[FaceSample], topology: Topology
) -> dict[FaceRef, RimShares]:
    """Measure the rims of faces of a frame (H, W, 3), RGB uint8: what `measure_rims` says of each."""
    return {sample.face_ref: measure_rims(image, sample.face.landmarks, topology) for sample in samples}


def judge_glasses(people: Sequence[Sequence[FaceSample]], rims: Mapping[FaceRef, RimShares]) -> Arrays:
    """Tell who wears glasses with a thick frame.

    Parameters
    ----------
    people : sequence of sequence of FaceSample
        The samples of each person.
    rims : mapping of FaceRef to tuple of float
        What `measure_samples` says of them.

    Returns
    -------
    dict of str to ndarray
        `thick`, (people,) uint8: 1 for who does.
    """
    thick = [has_thick_frames([rims[sample.face_ref] for sample in samples]) for samples in people]
    return {"thick": np.array(thick, np.uint8)}
