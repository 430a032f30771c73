# SPDX-License-Identifier: GPL-3.0-or-later
"""What a replaced face is to be made of: its keys, found without computing any pixel of it."""

from functools import partial

from ..analysis.analyser import Analyser
from ..analysis.stabilise import FrameFaces
from ..cache.base.key import Key, Scalar, stage_key
from ..face.face_digest import face_digest
from ..fusion import fuse
from ..fusion.graph.fuser import Fuser
from ..geometry.levels import DEEP_BITS
from ..media.clip import EIGHT_BITS, Clip
from ..recipe import key_inputs
from ..recipe.mesh_requirement import require_mesh
from ..recipe.request import SwapRequest
from ..swap import mesh
from ..swap.mesh_swapper import MeshSwapper
from ..swap.neural_swapper import NeuralSwapper
from ..swap.swap_look import swap_look_key
from .edited_faces import edited_faces
from .face_selector import FaceSelector
from .fuse_stage import complete_fusion_inputs
from .light_stage import LightStage
from .occlusion_stage import OcclusionStage
from .plan import FacePlan
from .roto_stage import RotoStage
from .shape_stage import ShapeStage


class FacePlanner:
    """Finds the faces that requests replace, and the keys of what they are made from."""

    def __init__(
        self,
        analyser: Analyser,
        selector: FaceSelector,
        swappers: tuple[MeshSwapper, NeuralSwapper],
        occlusion: OcclusionStage,
        shape: ShapeStage,
        light: LightStage,
        roto: RotoStage,
        fuser: Fuser,
    ) -> None:
        self._analyser = analyser
        self._selector = selector
        self._mesh, self._neural = swappers
        self._occlusion = occlusion
        self._shape = shape
        self._light = light
        self._roto = roto
        self._fuser = fuser

    def face_plans(self, clip: Clip, number: int, request: SwapRequest) -> list[FacePlan]:
        """Plan the faces that a request replaces in a frame. ClipError, FaceImageError, ModelError or RecipeError."""
        recipe = request.recipe
        require_mesh(recipe)
        here, chosen = edited_faces(self._analyser, self._selector, clip, number, request)
        plans = (self._face_plan(clip, number, request, here, index) for index in chosen)
        return [entry for entry in plans if entry is not None]

    def _face_plan(
        self, clip: Clip, number: int, request: SwapRequest, here: FrameFaces, index: int
    ) -> FacePlan | None:
        recipe, size = request.recipe, (clip.info.width, clip.info.height)
        frame, face = here.frame, here.faces[index]
        # Steadied landmarks depend on neighbouring frames: they enter keys by what they are.
        landmarks = face_digest(face)
        depth = {"depth": DEEP_BITS} if clip.info.bit_depth > EIGHT_BITS else {}
        look: dict[str, Scalar | Key] = {**key_inputs(recipe.fusion), **depth}
        target, shape, move, points = None, None, None, face.landmarks
        if recipe.swap.is_neural:
            place = self._neural.crop_region(face, size, recipe)
            swap = self._neural.swap_key(frame, face, request)
            look |= {"landmarks": landmarks, "crop_size": recipe.swap.crop_size}
        else:
            if recipe.swap.shape > 0:
                shape = self._shape.plan(clip, number, request, here, index)
                move, points = shape.key, points[:468] + shape.displacement
            place = mesh.face_crop_region(points, size, recipe.swap.crop_size)
            swap = self._mesh.swap_key(frame, landmarks, request, move, depth)
            target = self._mesh.target_key(frame, landmarks, request, move, depth)
            look = {name: value for name, value in look.items() if name not in ("mask_shape", "openings")}
        if place is None:
            return None
        masks = self._roto.draw(clip, number, request, here, index)
        light = self._light.key(clip, frame, face)
        complete_fusion_inputs(look, recipe.fusion, masks, light, has_shape=shape is not None)
        occlude = self._occlusion.key(frame, landmarks, recipe)
        if occlude is not None:
            look |= {"occlude": occlude, "regions": self._occlusion.choices(recipe)}
        enhance = None
        if recipe.enhance.enhancer == "none":
            look.pop("enhancer_blend")
        else:
            look["enhance"] = enhance = self._neural.enhance_key(swap, recipe)
        processor = self._fuser.key_inputs(deep=bool(depth)) if shape is None else {}
        fused = stage_key("fuse", fuse.VERSION, {"swap": swap, **look, **processor})
        look_key = partial(self._look_key, clip, number, request, index, swap)
        return FacePlan(
            face, place, request, swap, target, occlude, enhance, fused, look_key, move, shape, masks, light,
            bool(depth),
        )  # fmt: skip

    def _look_key(self, clip: Clip, number: int, request: SwapRequest, index: int, swap: Key) -> Key | None:
        """Return the key of `FacePlan.look`: found where a swap is made, and not for each frame that is planned."""
        if request.holds or request.landmark_edits:
            return None
        analysis = self._analyser.analysis(clip, number, request.recipe)
        has_face = index < len(analysis.faces)
        return swap_look_key(swap, analysis, index, request.recipe) if has_face else None
