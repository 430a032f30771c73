# SPDX-License-Identifier: GPL-3.0-or-later
"""A face to fuse and the difference between both ways to fuse it."""

import cv2
import numpy as np
from understudy.core.analysis import detect as detecting
from understudy.core.analysis import landmark as landmarking
from understudy.core.analysis.maskers.contract import OcclusionMask
from understudy.core.face.types import Face
from understudy.core.fusion.fuse import RIM_PIXELS, fuse_crop
from understudy.core.fusion.graph.feeds import feeds
from understudy.core.fusion.graph.fuser import Fuser
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.models.embedded import embedded_models
from understudy.core.models.session import ModelPool
from understudy.core.recipe import Fusion, Recipe

TOPOLOGY = load_topology()
POOL = ModelPool(1)
FUSER = Fuser(POOL, TOPOLOGY)
_LEAST_ALPHA_LEVELS = 1e-3


def faces(picture: np.ndarray) -> list[Face]:
    models = embedded_models()
    detections = detecting.detections_from_arrays(
        detecting.detect(picture, Recipe().detect, models.detector, POOL)
    )
    return landmarking.faces_from_arrays(
        landmarking.landmark(picture, detections, Recipe().landmark, models.landmarker, POOL, TOPOLOGY)
    )


def difference(crop, landmarks, place, params: Fusion, occlusion: OcclusionMask | None = None) -> float:
    """The largest difference of any colour or alpha of any pixel in levels, those not shown too.

    Which pixels are the rim of an alpha that is nearly nothing is a matter of its last bits: in floats, their colours
    are not compared.
    """
    expected = fuse_crop(crop, landmarks, place, params, TOPOLOGY, occlusion)
    drawn = FUSER.run_graph(feeds(crop, landmarks, place, params, TOPOLOGY, occlusion))
    assert drawn.shape == expected.shape
    assert drawn.dtype == expected.dtype == crop.target.dtype
    apart = np.abs(drawn.astype(np.float32) - expected)
    if expected.dtype == np.float32:
        alpha = np.asarray(np.maximum(expected[..., 3], drawn[..., 3]) > _LEAST_ALPHA_LEVELS, np.uint8)
        apart[cv2.dilate(alpha, np.ones((2 * RIM_PIXELS + 1,) * 2, np.uint8)) == 0, :3] = 0
    return float(apart.max())


ODD = Fusion(
    blend=0.83,
    mask_padding=-4.0,
    mask_blur=55.0,
    keep_cover=0.6,
    light_radius=23.0,
    sharpen=0.7,
    mask_chin=False,
)
