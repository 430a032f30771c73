# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer taken apart is the layer that a render shows, whichever swapper and enhancer made it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exr_files import write_exr
from footage.portrait import make_up_portrait, portrait, write_picture
from models import stand_in_swappers as stand_ins
from understudy.core.analysis.maskers.contract import OcclusionMask
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.fusion.face_parts import take_face_apart
from understudy.core.fusion.footage_look import FootageLook
from understudy.core.fusion.fuse import fuse_crop
from understudy.core.fusion.patch import LightPatch, Patch
from understudy.core.geometry.glasses import BAND_SIZE, band_matrix
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.media.clip import Clip
from understudy.core.media.open import open_clip, open_source
from understudy.core.media.source import ClipSource, light_reading
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import ModelLibrary
from understudy.core.pipeline.layer_parts import LayerParts
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import Fusion, Recipe, with_settings
from understudy.core.recipe.frame_ranges import Exclusion
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.swap.crops import MeshCrop
from understudy.core.swap.mesh import face_crop_region
from understudy.core.turnover.frame_layers import frame_layers

from tests.core.roto_masks import mask, text, to_mask

NEURAL = ("swap.swapper=inswapper",)
SETTINGS = {
    "mesh": ("swap.shape=0",),
    "mesh with shape": ("swap.shape=1",),
    "mesh, small crop": ("swap.shape=0", "swap.crop_size=128"),
    "neural": NEURAL,
    "neural box": (*NEURAL, "fusion.mask_shape=box"),
    "enhanced": (*NEURAL, "enhance.enhancer=gpen-256"),
    "no cover": (*NEURAL, "fusion.keep_cover=0"),
}


class Scene:
    """One picture as the clip, and a pipeline with stand-ins."""

    def __init__(self, pipeline: Pipeline, clip: Clip, identity: Identity) -> None:
        self.pipeline, self.clip, self.identity = pipeline, clip, identity

    def request(self, *settings: str, exclusions: tuple[Exclusion, ...] = ()) -> SwapRequest:
        return SwapRequest(self.identity, with_settings(Recipe(), list(settings)), exclusions=exclusions)

    def parts(self, *requests: SwapRequest) -> LayerParts:
        return self.pipeline.take_apart(self.pipeline.plan(self.clip, 0, requests))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("parts")
    stand_ins.write_swapper(folder / "models", "inswapper")
    enhancer = stand_ins.write_enhancer(folder / "models" / "stand_in_gpen-256.onnx", 256, weight=False)
    stand_ins.state(enhancer, "enhance/gpen-256")
    identity = Identity((FaceImage(write_picture(folder / "green.png", make_up_portrait())),))
    library = ModelLibrary([folder / "models"])
    pipeline = Pipeline(MemoryStore(1 << 28), embedded_models(), 1, library=library)
    with open_clip(write_picture(folder / "clip.png", portrait())) as clip:
        yield Scene(pipeline, clip, identity)
    pipeline.close()


@pytest.mark.parametrize("name", list(SETTINGS))
def test_what_is_shown_is_what_a_render_shows_and_its_parts_make_it(scene: Scene, name: str) -> None:
    request = scene.request(*SETTINGS[name])
    plan = scene.pipeline.plan(scene.clip, 0, [request])
    whole, parts = scene.pipeline.execute(plan), scene.pipeline.take_apart(plan)
    assert np.array_equal(whole.pixels, parts.shown.pixels)
    assert (whole.left, whole.top) == (parts.shown.left, parts.shown.top)
    layers = frame_layers(parts, plan.size, {request: 1}).planes
    for channel in ("mask.Y", "occlusion.Y", "swap.A", "st.U", "st.V", "A"):
        assert 0 <= layers[channel].min() <= layers[channel].max() <= 1, channel
    assert layers["mask.Y"].max() > 0.99
    assert (layers["st.A"] > 0).sum() > 5000
    if "shape" not in name:  # with it the picture around the face is shown too
        amount = layers["mask.Y"] * (1 - request.recipe.fusion.keep_cover * layers["occlusion.Y"])
        assert np.abs(amount - layers["A"]).mean() < 2e-3


def test_later_faces_are_on_top_and_a_fading_one_keeps_its_number(scene: Scene) -> None:
    below = scene.request("swap.shape=0", exclusions=(Exclusion(2, 5, 4),))
    above = scene.request(*NEURAL, "fusion.mask_padding=15")
    size = scene.clip.info.width, scene.clip.info.height
    faded = below.in_frame(0)
    assert 0 < faded.recipe.fusion.opacity < 1
    alone, both = scene.parts(below), scene.parts(below, above)
    one = frame_layers(alone, size, {faded: 7})
    assert set(np.unique(one.planes["id.Y"])) == {0, 7}
    assert one.planes["mask.Y"].max() > 0.99 > one.planes["A"].max()
    two = frame_layers(both, size, {faded: 7, above: 8}).planes
    on_top = frame_layers(scene.parts(above), size, {above: 8})
    assert set(np.unique(two["id.Y"])) == {0, 7, 8}
    assert (two["id.Y"] == 8).sum() == (on_top.planes["A"] > 0).sum()
    nothing = frame_layers(None, size, {})
    assert not nothing.is_changed
    assert all(plane.size == 0 for plane in nothing.planes.values())


def test_masks_drawn_by_hand_are_in_the_mask(scene: Scene) -> None:
    size = scene.clip.info.width, scene.clip.info.height
    plain = scene.request("swap.shape=0")
    left, top, right, bottom = scene.pipeline.faces(scene.clip, 0, plain.recipe)[0].box
    middle, low = (left + right) / 2, (2 * top + bottom) / 3

    def corners(*sides: float) -> list[list[float]]:
        x0, y0, x1, y1 = sides
        return [to_mask(x, y, *size) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]

    roto = text(
        mask((0, corners(left, low, middle, bottom))),
        mask((0, corners(left, top, right, low)), mode="add"),
    )
    masked = replace(plain, roto=roto)
    (before, after) = (
        frame_layers(scene.parts(request), size, {request: 1}).planes for request in (plain, masked)
    )
    amount = after["mask.Y"] * (1 - after["occlusion.Y"])
    assert np.abs(amount - after["A"]).mean() < 2e-3
    assert (before["mask.Y"] - after["mask.Y"] > 0.9).sum() > 500  # taken away
    assert (after["A"] - before["A"] > 0.5).sum() > 100  # added, such as eyes and hair
    assert np.array_equal(before["swap.A"], after["swap.A"])


def test_rims_of_glasses_are_in_front_of_the_face(scene: Scene) -> None:
    size, topology = (scene.clip.info.width, scene.clip.info.height), load_topology()
    landmarks = scene.pipeline.faces(scene.clip, 0, Recipe())[0].landmarks
    region = face_crop_region(landmarks, size, 512)
    height, width = region.height, region.width
    crop = MeshCrop(
        np.full((height, width, 3), 90, np.uint8),
        np.full((height, width), 255, np.uint8),
        np.full((64, 64, 3), 90, np.uint8),
        np.full((64, 64), 255, np.uint8),
    )
    visible = np.full(BAND_SIZE[::-1], 255, np.uint8)
    visible[40:60] = 0
    rims = OcclusionMask(visible, band_matrix(landmarks))
    look = FootageLook(0, np.zeros(2, np.float32), 0, 0, 0, rims)
    params = Fusion(colour_match=0)
    parts = take_face_apart(crop, landmarks, region, params, topology, None, look)
    alpha = fuse_crop(crop, landmarks, region, params, topology, None, look)[..., 3] / 255
    assert (parts.occlusion > 0.99).sum() > 100
    assert parts.occlusion.mean() < 0.5
    assert np.abs(parts.mask * (1 - parts.occlusion) - alpha).mean() < 3e-3


def test_a_layer_of_light_fetches_a_moved_face_once(scene: Scene, tmp_path: Path) -> None:
    path = write_exr(tmp_path / "clip.exr", (portrait().astype(np.float32) / 255) ** 2.2)
    with closing(open_source(ClipSource(False, (path,), light_reading("ACEScg")))) as clip:
        plan = scene.pipeline.plan(clip, 0, [scene.request("swap.shape=1")])
        made = scene.pipeline.execute_for_layer(plan)
        before = scene.pipeline.report().stages["shape"]["hit"]
        view, kept = scene.pipeline.execute_in_footage(plan)
    assert scene.pipeline.report().stages["shape"]["hit"] == before + 1
    assert isinstance(made, LightPatch)
    assert isinstance(kept, LightPatch)
    assert np.array_equal(made.pixels, kept.pixels)
    assert isinstance(view, Patch)
