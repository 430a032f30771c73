# SPDX-License-Identifier: GPL-3.0-or-later
"""From a recipe's choices to the adapters that do the work, each made once."""

from collections.abc import Callable
from typing import Any

from ..geometry.mesh_topology import Topology
from ..models.embedded import EmbeddedModels
from ..models.library import ModelLibrary
from ..models.model_adapter import ModelAdapter
from ..models.model_file import ModelFile
from ..models.session import ModelPool
from ..recipe import Detect, Embed, Landmark, Occlude
from .attributes import GenderAge
from .detectors.blaze import Blaze
from .detectors.centerface import CenterFace
from .detectors.contract import Detector
from .detectors.ensemble import EnsembleDetector
from .detectors.retinaface import RetinaFaceSsd
from .detectors.s3fd import S3fd
from .detectors.scrfd import Scrfd
from .detectors.yolo import Yolo5Face, Yolo8Face
from .detectors.yunet import YuNet
from .landmarkers.contract import Landmarker
from .landmarkers.face_mesh import FaceMesh
from .landmarkers.fan import Fan68, FiveTo68, Peppa256
from .landmarkers.sparse import BoxLandmarker, TwoPassLandmarker
from .maskers.contract import Masker
from .maskers.networks import BiSeNet, FaceMap, SkinHair
from .poses.contract import PoseEstimator
from .poses.networks import FsaNet, SixDRepNet
from .recognisers.aligned import AlignedRecogniser
from .recognisers.contract import Recogniser

_DETECTORS: dict[str, Callable[..., Detector]] = {
    "blaze": Blaze,
    "blaze-short": Blaze,
    "yunet": YuNet,
    "scrfd": Scrfd,
    "retinaface": Scrfd,
    "retinaface-ssd": RetinaFaceSsd,
    "yolov5-face": Yolo5Face,
    "yolov8-face": Yolo8Face,
    "s3fd": S3fd,
    "centerface": CenterFace,
}
# How many times the box's longer side the crop shows, number of points, and where a value v lies: (v + offset) *
# scale pixels from the crop's corner.
_SPARSE_LANDMARKERS: dict[str, tuple[type[BoxLandmarker], float, int, float, float]] = {
    "peppa-68": (BoxLandmarker, 1.5, 68, 0.0, 160.0),
    "pfld-98": (BoxLandmarker, 1.0, 98, 0.0, 112.0),
    "insightface-106": (BoxLandmarker, 1.5, 106, 1.0, 96.0),
    "liveportrait-203": (TwoPassLandmarker, 1.5, 203, 0.0, 224.0),
}


class ModelAdapters:
    """Makes adapters from the embedded models and a library. ModelError if a chosen one has no file."""

    def __init__(
        self, embedded: EmbeddedModels, library: ModelLibrary, pool: ModelPool, topology: Topology
    ) -> None:
        self._embedded = embedded
        self._library = library
        self._pool = pool
        self._topology = topology
        self._adapters: dict[tuple[str, str], Any] = {}

    @property
    def key_inputs(self) -> dict[str, str]:
        """What the processor that runs the models adds to keys."""
        return self._pool.key_inputs

    def detector(self, params: Detect) -> Detector:
        """Return the detector that a recipe asks for."""
        detector: Detector = self._get_or_make("detect", params.detector, self._make_detector)
        return detector

    def landmarker(self, params: Landmark) -> Landmarker:
        """Return the landmarker that a recipe asks for."""
        landmarker: Landmarker = self._get_or_make("landmark", params.landmarker, self._make_landmarker)
        return landmarker

    def pose_estimator(self, params: Landmark) -> PoseEstimator | None:
        """Return the pose network that a recipe asks for; None where the landmarks tell the pose."""
        if params.pose == "mesh":
            return None
        estimator: PoseEstimator = self._get_or_make("pose", params.pose, self._make_pose_estimator)
        return estimator

    def recogniser(self, params: Embed) -> Recogniser | None:
        """Return the recogniser that a recipe asks for; None for the built-in description."""
        if params.recogniser == "mesh":
            return None
        recogniser: Recogniser = self._get_or_make(
            "embed",
            params.recogniser,
            lambda name: AlignedRecogniser(*self._adapter_arguments("embed", name)),
        )
        return recogniser

    def gender_age(self) -> GenderAge:
        """Return the network that tells sex and age."""
        network: GenderAge = self._get_or_make(
            "attribute", "genderage", lambda name: GenderAge(*self._adapter_arguments("attribute", name))
        )
        return network

    def masker(self, params: Occlude) -> Masker | None:
        """Return the masker that a recipe asks for.

        Parameters
        ----------
        params : Occlude
            The recipe's settings.

        Returns
        -------
        Masker or None
            None where skin is told by its colour.

        Raises
        ------
        ModelError
            The model file is missing or damaged.
        """
        if params.masker == "colour":
            return None
        masker: Masker = self._get_or_make("occlude", params.masker, self._make_masker)
        return masker

    def _get_or_make(self, role: str, name: str, make: Callable[[str], Any]) -> Any:
        if (role, name) not in self._adapters:
            self._adapters[role, name] = make(name)
        return self._adapters[role, name]

    def _adapter_arguments(self, role: str, name: str) -> tuple[ModelFile, Any, ModelPool]:
        """Return what a `ModelAdapter` is made from."""
        return self._model_file(role, name), self._library.catalogue.family(role, name), self._pool

    def _model_file(self, role: str, name: str) -> ModelFile:
        own = {
            ("detect", "blaze"): self._embedded.detector,
            ("landmark", "face-mesh"): self._embedded.landmarker,
        }
        return own.get((role, name)) or self._library.model(role, name)

    def _make_detector(self, name: str) -> Detector:
        if name == "many":
            there = [one for one in _DETECTORS if one == "blaze" or self._library.has("detect", one)]
            return EnsembleDetector(
                tuple(self._get_or_make("detect", one, self._make_detector) for one in there)
            )
        return _DETECTORS[name](*self._adapter_arguments("detect", name))

    def _make_landmarker(self, name: str) -> Landmarker:
        parts = self._adapter_arguments("landmark", name)
        if Landmark(landmarker=name).finds_mesh:
            return FaceMesh(*parts, self._topology)
        if name in _SPARSE_LANDMARKERS:
            kind, enlarged, points, offset, scale = _SPARSE_LANDMARKERS[name]
            return kind(*parts, enlarged, points, offset, scale)
        others: dict[str, Callable[..., Landmarker]] = {
            "fan-68": Fan68,
            "peppa-68-256": Peppa256,
            "68-from-5": FiveTo68,
        }
        return others[name](*parts)

    def _make_pose_estimator(self, name: str) -> PoseEstimator:
        if name == "6drepnet":
            return SixDRepNet(*self._adapter_arguments("pose", name))
        family = self._library.catalogue.family("pose", name)
        return FsaNet(
            tuple(ModelAdapter(file, family, self._pool) for file in self._library.models("pose", name))
        )

    def _make_masker(self, name: str) -> Masker:
        parts = self._adapter_arguments("occlude", name)
        if name == "bisenet":
            return BiSeNet(*parts)
        if name == "skin-hair":
            return SkinHair(*parts, rough=True)
        return FaceMap(*parts, rough=name == "selfie")
