# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage graph: what a layer image is made from, and what of that need not be computed.

`plan` finds the key of a layer from keys and small results alone; `execute` computes the pixels. A frame whose
layer is there already under the planned key costs no decode, no model and no fusion.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from ..analysis.analyser import Analyser
from ..analysis.person_clustering import FractionCallback, Person
from ..analysis.shots import VisitFrame
from ..analysis.stabilise import stabilised_faces
from ..cache.base.compute import Flight, Uncoordinated
from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.store import Store
from ..face.types import Face, Pixels
from ..filesystem import Location
from ..fusion.graph.fuser import Fuser
from ..fusion.patch import FootagePatch, Patch
from ..geometry.mesh_topology import load_topology
from ..media.clip import Clip
from ..media.file_status import ClipChangedError
from ..media.source_stamps import SourceStamps
from ..models.embedded import EmbeddedModels
from ..models.graphs.graph_folder import GraphFolder
from ..models.library import ModelLibrary
from ..models.session import ModelPool
from ..recipe import Detect, Recipe
from ..recipe.mesh_requirement import require_mesh
from ..recipe.request import FaceImage, Identity, SwapRequest, requests_in_frame
from ..reporting.stage_counts import Report, StageCounter
from ..swap.loaded_model import ModelRunner
from ..swap.mesh_swapper import MeshSwapper
from ..swap.neural_source import NeuralSources
from ..swap.neural_swapper import NeuralSwapper
from ..swap.source import Sources
from ..system.memory_errors import raise_memory_errors
from .crop_stage import CropStage
from .face_planner import FacePlanner
from .face_selector import FaceSelector
from .face_traits import FrameTraits, frame_traits
from .fuse_stage import FuseStage
from .layer_executor import LayerExecutor
from .layer_parts import LayerParts
from .light_stage import LightStage
from .neutral_face_stage import neutral_source_face
from .occlusion_stage import OcclusionStage
from .people_stage import find_people_in_clip
from .plan import LayerPlan
from .roto_stage import RotoStage
from .shape_stage import ShapeStage
from .sight import FrameSighting, SightStage
from .source_check import SourceImageReport, inspect_source_image
from .target_forms import TargetForms

LAYER_VERSION = 1
_Pixels = TypeVar("_Pixels")


class Pipeline:
    """Runs the stages over one store, with its own models and counts. For one thread at a time."""

    def __init__(
        self,
        store: Store,
        models: EmbeddedModels,
        threads: int = 0,
        flight: Flight | None = None,
        library: ModelLibrary | None = None,
        providers: Sequence[str] = ("cpu",),
        engine_folder: Location | None = None,
        stamps: SourceStamps | None = None,
        graph_folder: GraphFolder | None = None,
    ) -> None:
        """Make a pipeline; no model is loaded before one has to run. `threads` per model, 0 for all cores.

        What is missing is computed at once, or as `flight` has it. `library` has the user's own models. `providers` are
        the processors that run them, the first that can, `engine_folder` a folder for what these build from models, and
        `graph_folder` what ONNX Runtime makes of them; see `ModelPool`. `stamps` say which files clips and images are.
        """
        stamps = stamps or SourceStamps()
        self._store = store
        self._flight = flight or Uncoordinated()
        self._pool = ModelPool(threads, providers, engine_folder, graph_folder)
        self._topology = load_topology()
        self._fuser = Fuser(self._pool, self._topology)
        self._counter, self._image_counter = StageCounter(), StageCounter()
        self.library = library = library or ModelLibrary()
        shared = (store, models, self._pool, self._topology)
        self._analyser = Analyser(*shared, self._counter, self._flight, library, stamps)
        source_analyser = Analyser(*shared, self._image_counter, self._flight, library, stamps)
        self._sources = Sources(store, source_analyser, self._topology, stamps)
        self._mesh = MeshSwapper(store, self._flight, self._sources, self._topology, self._counter)
        basis = store, self._flight, self._analyser
        self._selector = FaceSelector(
            self._analyser, source_analyser, self._sources, self._topology, self._counter
        )
        occlusion = OcclusionStage(*basis[:2], self._analyser.adapters, self._topology, self._counter)
        runner = ModelRunner(self._pool)
        images = NeuralSources(store, self._flight, self._sources, source_analyser, self._topology, runner)
        self._neural = NeuralSwapper(library, runner, images, self._topology)
        self._image_basis = store, self._flight, self._sources, source_analyser, self._topology
        self._basis, self._forms = basis, TargetForms(*basis, self._topology, self.look_through)
        shape = ShapeStage(*basis[:2], self._sources, self._forms, self._topology, self._counter)
        fusion = FuseStage(self._fuser, self._neural, self._topology)
        swappers = self._mesh, self._neural
        self._sights = SightStage(store, self._analyser, self._selector, swappers)
        light = LightStage(*basis)
        self._planner = FacePlanner(
            self._analyser,
            self._selector,
            swappers,
            occlusion,
            shape,
            light,
            RotoStage(self._analyser, self._selector),
            self._fuser,
        )
        crops = CropStage(*basis, swappers, occlusion, shape, self._counter)
        self._executor = LayerExecutor(crops, fusion, light, self._counter)

    @property
    def counter(self) -> StageCounter:
        """The counts so far; callers add their warnings here."""
        return self._counter

    def report(self) -> Report:
        """Return what was done since the pipeline was made."""
        for warning in (*self._pool.warnings, *self.library.warnings, *self._fuser.warnings):
            self._counter.warn(warning)
        return self._counter.report(self._pool.load_count, self._image_counter)

    def finish_graphs(self) -> None:
        """Make what large models that were opened start sooner with; see `ModelPool`."""
        self._pool.finish_graphs()

    def close(self) -> None:
        """Let go of the models. The store is the caller's."""
        self._pool.close()

    def check(self, requests: Sequence[SwapRequest]) -> None:
        """Make sure every source person can be used; FaceImageError, ModelError or RecipeError say why not.

        What is poor about an image is kept as a warning.
        """
        for request in requests:
            require_mesh(request.recipe)
            if request.recipe.swap.is_neural:
                self._neural.check(request)
            else:
                self._sources.texture_key(request.identity, request.recipe.detect)
            self._selector.warn_of_poor_images(request)

    def faces(self, clip: Clip, number: int, recipe: Recipe) -> list[Face]:
        """Return the faces of a frame with steadied landmarks, the surest first."""
        return list(stabilised_faces(self._analyser, clip, number, recipe).faces)

    def frame_traits(self, clip: Clip, number: int, request: SwapRequest) -> FrameTraits:
        """Return what the faces do that a request replaces. ClipError, FaceImageError, ModelError, RecipeError."""
        return frame_traits(self._analyser, self._selector, self._topology, clip, number, request)

    def sight_frame(self, clip: Clip, number: int, request: SwapRequest) -> FrameSighting:
        """Return what a scan needs of the faces that a request replaces. Raises what `frame_traits` does."""
        return self._sights.sight_frame(clip, number, request)

    def analysis_keys(self, clip: Clip, number: int, recipe: Recipe) -> tuple[Key, Key, Key]:
        """Return the keys of a frame's detections, landmarks and embeddings, decoding it only for its id."""
        return self._analyser.keys(clip, number, recipe)

    def texture_key(self, image: FaceImage, detect: Detect) -> Key:
        """Return the key of an image's texture, of which the image's analysis is a part. FaceImageError."""
        return self._sources.image_texture_key(image, detect)

    def image_detection(self, image: FaceImage, detect: Detect) -> Detect:
        """Return the settings that an image's faces are found with. FaceImageError."""
        return self._sources.image_analysis(image, detect).detect

    def find_people(
        self,
        clip: Clip,
        first: int,
        last: int,
        recipe: Recipe,
        on_progress: FractionCallback = lambda _share: None,
    ) -> tuple[Person, ...]:
        """Return who is seen from frame `first` to `last`, the one seen most first.

        `on_progress` hears how much is done, 0 to 1. Raises ClipError, ModelError or RecipeError.
        """
        frames = range(first, last + 1)
        return find_people_in_clip(*self._basis, self._topology, clip, frames, recipe, on_progress)

    def look_through(self, clip: Clip, number: int, visit: VisitFrame) -> None:
        """Have `visit` look at what is read anyway of a clip before a face of a frame is replaced: nothing, here."""

    def target_forms(self, clip: Clip, recipe: Recipe, origin: str = "") -> str:
        """Return the forms of a clip's people for a `SwapRequest`. Raises ClipError, ModelError, RecipeError."""
        return self._forms.text(clip, recipe, origin)

    def inspect_source_image(self, image: FaceImage, detect: Detect) -> SourceImageReport:
        """Return what an editor should know of an image of the source person, for a recipe's `detect`. ModelError."""
        return inspect_source_image(*self._image_basis, image, detect)

    def other_person_warnings(self, request: SwapRequest) -> tuple[str, ...]:
        """Say which images show another person than the first, see `FaceSelector.other_person_warnings`."""
        return self._selector.other_person_warnings(request)

    def neutral_source_face(self, identity: Identity, detect: Detect) -> Pixels:
        """Return the source person as shape understands them: (128, 128, 3) RGB uint8. FaceImageError, ModelError."""
        return neutral_source_face(*self._image_basis, identity, detect)

    @raise_memory_errors()
    def plan(self, clip: Clip, number: int, requests: Sequence[SwapRequest]) -> LayerPlan:
        """Find out what the layer of a frame consists of, computing no more of it than the analysis.

        `number` counts the clip's frames from 0. Raises ClipError, FaceImageError, ModelError or RecipeError.
        """
        size, warning_count = (clip.info.width, clip.info.height), self._counter.warning_count
        asked = requests_in_frame(requests, number)
        planned = tuple(
            entry for request in asked for entry in self._planner.face_plans(clip, number, request)
        )
        inputs: dict[str, Scalar | Key] = {"width": size[0], "height": size[1]}
        inputs.update({f"face{index:02d}": entry.fuse for index, entry in enumerate(planned)})
        key = stage_key("layer", LAYER_VERSION, inputs)
        may_label = self._counter.warning_count == warning_count
        return LayerPlan(clip, number, size, planned, key, may_label)

    @raise_memory_errors()
    def execute(self, plan: LayerPlan) -> Patch | None:
        """Compute a planned layer: its pixels, or None where no face is replaced."""
        return self._executor.execute(plan)

    @raise_memory_errors()
    def execute_in_footage(self, plan: LayerPlan) -> tuple[Patch | None, FootagePatch | None]:
        """Compute what `execute` does, and the same in the numbers of the clip, where these are light. ClipError."""
        return self._executor.execute_in_footage(plan)

    @raise_memory_errors()
    def execute_for_layer(self, plan: LayerPlan) -> FootagePatch | None:
        """Compute a planned layer as `execute` does, in the layer's own numbers. ClipError."""
        return self._executor.execute_for_layer(plan)

    @raise_memory_errors()
    def take_apart(self, plan: LayerPlan) -> LayerParts:
        """Compute a planned layer as `execute_for_layer` does, and what it was made from. Raises what that does."""
        return self._executor.take_apart(plan)

    def recast(
        self, clip: Clip, number: int, requests: Sequence[SwapRequest]
    ) -> tuple[LayerPlan, Patch | None]:
        """Plan and compute the layer of a frame that is read anyway: see `plan` and `execute`.

        What the cache knows of the frame is compared with its pixels, so that no other file's faces are laid over it.
        """
        return self._recast(clip, number, requests, self.execute)

    def recast_in_footage(
        self, clip: Clip, number: int, requests: Sequence[SwapRequest]
    ) -> tuple[Patch | None, FootagePatch | None]:
        """Do what `recast` does, with what `execute_in_footage` returns."""
        return self._recast(clip, number, requests, self.execute_in_footage)[1]

    def check_content(self, clip: Clip) -> None:
        """Make sure that the cache knows a clip by all of its content: for frames that are planned, and not read."""
        self._analyser.frames.check_content(clip)

    def _recast(
        self,
        clip: Clip,
        number: int,
        requests: Sequence[SwapRequest],
        execute: Callable[[LayerPlan], _Pixels],
    ) -> tuple[LayerPlan, _Pixels]:
        def attempt() -> tuple[LayerPlan, _Pixels]:
            self._analyser.frames.check_frame(clip, number)
            return (plan := self.plan(clip, number, requests)), execute(plan)

        with suppress(ClipChangedError):
            return attempt()
        return attempt()

    def is_cached(self, plan: LayerPlan) -> bool:
        """Tell whether `execute` would only fuse: every crop is in the store, so no frame and no model is needed."""
        keys = (
            key
            for face in plan.faces
            for key in (face.move, face.swap, face.enhance, face.light)
            if key is not None
        )
        return all(key in self._store for key in keys)

    def prefetch_crops(self, plan: LayerPlan) -> None:
        """Make sure that everything a layer is fused from is in the store, without fusing it."""
        self._executor.prefetch(plan)
