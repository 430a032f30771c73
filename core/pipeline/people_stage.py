# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is seen in a range of a clip, found once and kept."""

from ..analysis.analyser import Analyser
from ..analysis.person_clustering import (
    VERSION,
    FractionCallback,
    Person,
    find_people,
    people_from_arrays,
    sample_frames,
)
from ..cache.base.compute import Flight
from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.store import Store
from ..geometry.mesh_topology import Topology
from ..media.clip import Clip
from ..recipe import Recipe


def find_people_in_clip(
    store: Store,
    flight: Flight,
    analyser: Analyser,
    topology: Topology,
    clip: Clip,
    numbers: range,
    recipe: Recipe,
    on_progress: FractionCallback,
) -> tuple[Person, ...]:
    """Return who is seen in the frames `numbers`, see `Pipeline.find_people`."""
    first, last = numbers[0], numbers[-1]
    frames = sample_frames(first, last, clip.info.fps)
    inputs: dict[str, Scalar | Key] = {
        "clip": analyser.frames.clip_id(clip),
        **clip.source.key_inputs,
        "first": first,
        "last": last,
        "step": frames.step,
        "min_height": recipe.select.min_height,
        "embed": analyser.keys(clip, first, recipe)[2],
    }
    # The first frame's key does not tell how often faces are looked for: it may be looked at either way.
    if recipe.detect.every > 1:
        inputs["every"] = recipe.detect.every
    key = stage_key("people", VERSION, inputs)
    arrays, _ = flight.get_or_compute(
        store, key, lambda: find_people(analyser, clip, frames, recipe, topology, on_progress)
    )
    return people_from_arrays(arrays)
