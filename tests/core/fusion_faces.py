# SPDX-License-Identifier: GPL-3.0-or-later
"""A face to fuse and the difference between both ways to fuse it."""

import numpy as np
from understudy.core.analysis import detect as detecting
from understudy.core.analysis import landmark as landmarking
from understudy.core.analysis.maskers.contract import OcclusionMask
from understudy.core.face.types import Face
from understudy.core.fusion.fuse import fuse_crop
from understudy.core.fusion.graph.feeds import feeds
from understudy.core.fusion.graph.fuser import Fuser
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.models.embedded import embedded_models
from understudy.core.models.session import ModelPool
from understudy.core.recipe import Fusion, Recipe

TOPOLOGY = load_topology()
POOL = ModelPool(1)
FUSER = Fuser(POOL, TOPOLOGY)


def faces(picture: np.ndarray) -> list[Face]:
    models = embedded_models()
    detections = detecting.detections_from_arrays(
        detecting.detect(picture, Recipe().detect, models.detector, POOL)
    )
    return landmarking.faces_from_arrays(
        landmarking.landmark(picture, detections, Recipe().landmark, models.landmarker, POOL, TOPOLOGY)
    )


def difference(crop, landmarks, place, params: Fusion, occlusion: OcclusionMask | None = None) -> float:
    """The largest difference of any colour or alpha of any pixel in levels, those not shown too."""
    expected = fuse_crop(crop, landmarks, place, params, TOPOLOGY, occlusion)
    drawn = FUSER.run_graph(feeds(crop, landmarks, place, params, TOPOLOGY, occlusion))
    assert drawn.shape == expected.shape
    assert drawn.dtype == expected.dtype == crop.target.dtype
    return float(np.abs(drawn.astype(np.float32) - expected).max())


ODD = Fusion(
    blend=0.83,
    mask_padding=-4.0,
    mask_blur=55.0,
    keep_cover=0.6,
    light_radius=23.0,
    sharpen=0.7,
    mask_chin=False,
)
