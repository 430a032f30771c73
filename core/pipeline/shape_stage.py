# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of who is replaced and of who replaces them, and the faces and pictures that are moved by their difference.

How the target's form is learned is in `target_forms`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from ..analysis.stabilise import FrameFaces
from ..cache.base.compute import Flight
from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.store import Arrays, Store
from ..cache.stores.checked_store import FilteringStore
from ..concurrency.lru import LruCache
from ..face.face_digest import face_digest
from ..face.types import Face, Floats, Pixels
from ..geometry import glasses
from ..geometry.face_form import FaceForm, form_displacement, neutral_form, pose_displacement
from ..geometry.levels import DEEP_BITS
from ..geometry.mesh_topology import Topology
from ..media.clip import EIGHT_BITS, Clip
from ..recipe.request import SwapRequest
from ..reporting.stage_counts import StageCounter
from ..swap import shape
from ..swap.shape import FaceWarp, move_face
from ..swap.source import Sources
from ..system.library_versions import library_inputs
from .target_forms import TargetForms

_MAX_CACHED_FORMS = 8


@dataclass(frozen=True, eq=False)
class ShapePlan:
    """How a face of a frame is to be moved.

    Attributes
    ----------
    key
        The key of the moved face.
    displacement
        (468, 3) float32: how far the face's points are to go, in frame pixels.
    resting
        The boxes (4,) of other faces nearby, in frame pixels.
    size
        Width and height of the frame in pixels.
    seed
        Of the grain, 32 bits: the frame's own.
    thick_frames
        Whether the face has glasses with a thick frame.
    """

    key: Key
    displacement: Floats
    resting: tuple[Floats, ...]
    size: tuple[int, int]
    seed: int
    thick_frames: bool


class ShapeStage:
    """Moves faces over one store."""

    def __init__(
        self,
        store: Store,
        flight: Flight,
        sources: Sources,
        forms: TargetForms,
        topology: Topology,
        counter: StageCounter,
    ) -> None:
        self._store = store
        self._flight = flight
        self._sources = sources
        self._forms = forms
        self._topology = topology
        self._counter = counter
        self._source_forms: LruCache[Key, FaceForm] = LruCache(_MAX_CACHED_FORMS)
        self._displacements: LruCache[tuple[Key, bytes], Floats] = LruCache(_MAX_CACHED_FORMS)

    def plan(
        self, clip: Clip, number: int, request: SwapRequest, frame_faces: FrameFaces, index: int
    ) -> ShapePlan:
        """Find out how a face of a frame is to be moved. Raises ClipError, FaceImageError, ModelError, RecipeError."""
        face, amount = frame_faces.faces[index], request.recipe.swap.shape
        person = self._forms.person(clip, number, request, frame_faces, index)
        target = person.form
        form = sha256(target.points.tobytes() + target.spread.tobytes()).digest()
        source = self._sources.texture_key(request.identity, request.recipe.detect)
        between = self._displacement(request, source, target, form)
        moved = pose_displacement(between, target, face.landmarks, self._topology)
        resting = _faces_around(frame_faces.faces, index)
        inputs: dict[str, Scalar | Key] = {
            "frame": frame_faces.frame,
            "landmarks": face_digest(face),
            # By value: another cut of the clip, whose samples give the same form, has the same pictures.
            "form": sha256(form + between.tobytes()).digest(),
            "source": source,
            "shape": amount,
        }
        if clip.info.bit_depth > EIGHT_BITS:
            inputs["depth"] = DEEP_BITS
        if person.thick_frames:
            inputs["thick_frames"] = glasses.FRAMES_VERSION
        if resting:
            inputs["resting"] = sha256(np.concatenate(resting).tobytes()).digest()
        key = stage_key("move", shape.VERSION, inputs | library_inputs("numpy", "opencv"))
        size = clip.info.width, clip.info.height
        seed = int.from_bytes(sha256(frame_faces.frame.encode()).digest()[:4], "little")
        displacement = np.asarray(amount * moved, np.float32)
        return ShapePlan(key, displacement, resting, size, seed, person.thick_frames)

    def face_warp(
        self,
        plan: ShapePlan,
        face: Face,
        decode_frame: Callable[[], Pixels],
        cut_levels: Callable[[tuple[slice, slice]], Floats] | None = None,
    ) -> FaceWarp:
        """Return a planned face moved, kept or made.

        `decode_frame` gives the (H, W, 3) RGB uint8 frame, and `cut_levels` a part of it where it has more than 8 bits.
        They are called only if the picture has to be made.
        """

        def compute() -> Arrays:
            frame = decode_frame()
            with self._counter.measure("shape"):
                return move_face(
                    frame,
                    face.landmarks,
                    plan.displacement,
                    plan.resting,
                    self._topology,
                    cut_levels,
                    thick_frames=plan.thick_frames,
                ).to_arrays()

        store = FilteringStore(self._store, lambda kept: FaceWarp.from_arrays(kept).fits(plan.size))
        arrays, hit = self._flight.get_or_compute(store, plan.key, compute)
        if hit:
            self._counter.record_hit("shape")
        return FaceWarp.from_arrays(arrays)

    def _displacement(self, request: SwapRequest, source: Key, target: FaceForm, form: bytes) -> Floats:
        kept = self._displacements.get((source, form))
        if kept is not None:
            return kept
        own = self._source_forms.get(source)
        if own is None:
            shown_faces = self._sources.source_faces(request.identity, request.recipe.detect)
            meshes = [shown.face.landmarks for shown in shown_faces]
            own = self._source_forms.put(source, neutral_form(meshes, self._topology))
        return self._displacements.put((source, form), form_displacement(own, target, self._topology))


def _faces_around(faces: Sequence[Face], index: int) -> tuple[Floats, ...]:
    """Return the boxes of the other faces that a face's picture could pull along, in whole pixels."""
    own = faces[index].box
    reach = float(np.max(own[2:] - own[:2]))
    boxes = [np.round(face.box).astype(np.float32) for place, face in enumerate(faces) if place != index]
    return tuple(
        box
        for box in boxes
        if (box[:2] < own[2:] + reach).all()
        and (box[2:] > own[:2] - reach).all()
        and not ((own[:2] < (middle := (box[:2] + box[2:]) / 2)).all() and (middle < own[2:]).all())
    )
