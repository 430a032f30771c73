# SPDX-License-Identifier: GPL-3.0-or-later
"""Each face of a clip of light is seen at an exposure of its own, steadied, and goes back by it."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from exr_files import write_exr
from footage.portrait import make_up_portrait, portrait, transform_portrait, write_picture
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.analysis.face_exposure import steady_exposures
from understudy.core.analysis.landmark import bounding_box
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.face.types import Face, Pose
from understudy.core.media.clip import Clip
from understudy.core.media.exr import decode_srgb, encode_srgb
from understudy.core.media.light import GREY, exposure_stops, face_stops
from understudy.core.media.open import open_source
from understudy.core.media.source import ClipSource, light_reading
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.landmark_edits import LandmarkEdit, LandmarkKey
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest

SIZE = 512
COUNT = 4


class Swaps:
    """Swaps the faces of clips of light, each in a cache of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clip_count = folder, 0
        identity = Identity((FaceImage(write_picture(folder / "person.png", make_up_portrait())),))
        options = ["swap.shape=1", "fusion.grain=0", "select.which=all"]
        self.request = SwapRequest(identity, with_settings(Recipe(), options))

    @contextmanager
    def open(self, frames: Sequence[np.ndarray]) -> Iterator[tuple[Pipeline, Clip]]:
        self.clip_count += 1
        names = [self.folder / f"{self.clip_count}_{number:04d}.exr" for number in range(len(frames))]
        paths = tuple(write_exr(name, frame, half=False) for name, frame in zip(names, frames, strict=True))
        pipeline = Pipeline(MemoryStore(1 << 28), embedded_models(), 1)
        source = ClipSource(False, paths, light_reading("Linear Rec.709"))
        with closing(pipeline), closing(open_source(source)) as clip:
            yield pipeline, clip

    def layers(
        self, frames: Sequence[np.ndarray], numbers: Sequence[int] | None = None
    ) -> dict[int, np.ndarray]:
        """Return layers by their frames, (H, W, 4) float32 in the clip's numbers, made in the order of the numbers."""
        layers = {}
        with self.open(frames) as (pipeline, clip):
            for number in range(len(frames)) if numbers is None else numbers:
                patch = pipeline.execute_for_layer(pipeline.plan(clip, number, [self.request]))
                layers[number] = np.zeros((*frames[0].shape[:2], 4), np.float32)
                if patch is not None:
                    height, width = patch.pixels.shape[:2]
                    layers[number][patch.top : patch.top + height, patch.left : patch.left + width] = (
                        patch.pixels
                    )
        return layers

    def layer(self, frame: np.ndarray) -> np.ndarray:
        return self.layers([frame])[0]


@pytest.fixture(scope="module")
def swaps(tmp_path_factory: pytest.TempPathFactory) -> Swaps:
    return Swaps(tmp_path_factory.mktemp("exposure"))


def light_of(picture: np.ndarray) -> np.ndarray:
    return decode_srgb(picture.astype(np.float32) / 255)


def head_light(stops: float) -> np.ndarray:
    """The portrait's light, its head that much brighter than the rest of the frame."""
    mask = np.zeros((SIZE, SIZE), np.float32)
    cv2.ellipse(mask, (222, 130), (95, 125), 0, 0, 360, 1, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 4)[..., None]
    return light_of(portrait()) * (1 + mask * np.float32(2.0**stops - 1))


def difference(
    layer: np.ndarray, other: np.ndarray, stops: float, other_stops: float = 0.0
) -> tuple[float, float]:
    """The mean difference in levels of 255 and its 95th percentile, of light that is that much brighter than usual."""
    there = (layer[..., 3] > 0.98) & (other[..., 3] > 0.98)
    assert there.sum() > 10_000
    levels, others = (
        encode_srgb(one[..., :3] * np.float32(2.0**-own))
        for one, own in ((layer, stops), (other, other_stops))
    )
    apart = np.abs(levels - others)[there] * 255
    return float(apart.mean()), float(np.percentile(apart, 95))


@settings(max_examples=50, deadline=None)
@given(st.floats(-9, 9), st.integers(-3, 3), st.floats(0.01, 0.3))
def test_exposure_follows_the_face_without_a_step(stops: float, steps: int, little: float) -> None:
    face = GREY * np.random.default_rng(2).lognormal(0, 0.7, (40, 30, 3)).astype(np.float32)
    whole = np.full((40, 30), 255, np.uint8)
    own = face_stops(face * np.float32(2.0**stops), whole)
    assert face_stops(face * np.float32(2.0 ** (stops + 3 * steps)), whole) == pytest.approx(
        own - 3 * steps, abs=1 / 32
    )
    # Nowhere is it more than twice as steep as the light.
    assert 0 <= own - face_stops(face * np.float32(2.0 ** (stops + little)), whole) <= 2 * little + 1 / 32
    assert abs(own + stops - face_stops(face, whole)) < 0.95


def test_a_backlit_face_is_swapped_as_one_in_the_light(swaps: Swaps) -> None:
    even = swaps.layer(head_light(0))
    for stops in (-4.5, -8.0):
        mean, most = difference(swaps.layer(head_light(stops)), even, stops)
        assert mean < 5
        assert most < 12


def test_faces_in_sun_and_shade_are_each_as_in_their_own_light(swaps: Swaps) -> None:
    both = swaps.layer(np.concatenate([head_light(2), head_light(-3.5)], 1))
    even = swaps.layer(np.concatenate([head_light(0), head_light(0)], 1))
    for half, stops in ((slice(0, SIZE), 2.0), (slice(SIZE, None), -3.5)):
        mean, most = difference(both[:, half], even[:, half], stops)
        assert mean < 3
        assert most < 10


def test_a_face_that_a_person_places_is_seen_in_its_own_light(swaps: Swaps) -> None:
    with swaps.open([head_light(-4.5)]) as (pipeline, clip):
        (entry,) = pipeline.plan(clip, 0, [swaps.request]).faces
        points = entry.face.landmarks
        place = tuple(
            float(value) for value in (*points[468, :2], *points[473, :2], *points[[13, 14], :2].mean(0))
        )
        edit = LandmarkEdit(0, 0, (LandmarkKey(0, place=place),))
        (placed,) = pipeline.plan(clip, 0, [replace(swaps.request, landmark_edits=(edit,))]).faces
    assert placed.face.stops == pytest.approx(entry.face.stops, abs=0.25)


def moving(number: int, stops: float = 0.0) -> np.ndarray:
    picture, _ = transform_portrait(1.0, 2.0 * number, (2.0 * number, number), SIZE)
    return light_of(picture) * np.float32(2.0**stops)


def test_a_lamp_elsewhere_in_the_frame_does_not_change_the_face(swaps: Swaps) -> None:
    dark = [moving(number, -2.0) for number in range(COUNT)]
    lit = [frame.copy() for frame in dark]
    for frame in lit[COUNT // 2 :]:
        frame[:, :110] = frame[:, 420:] = 6.0
    assert exposure_stops(dark[-1]) > exposure_stops(lit[-1])
    without, with_lamp = swaps.layers(dark), swaps.layers(lit)
    for number in range(COUNT):
        assert difference(with_lamp[number], without[number], -2, -2)[0] < 1


def test_layers_are_the_same_in_any_order(swaps: Swaps) -> None:
    frames = [moving(number, -0.8 * number) for number in range(COUNT)]
    forwards = swaps.layers(frames)
    other = swaps.layers(frames, (COUNT - 1, 0, 1))
    assert all(np.array_equal(layer, forwards[number]) for number, layer in other.items())


def test_a_flash_of_one_frame_is_evened_out() -> None:
    points = np.random.default_rng(1).uniform(100, 200, (478, 3)).astype(np.float32)
    face = Face(bounding_box(points), 1.0, points, Pose(0, 0, 0), 0.5)
    shot = {number: [replace(face, stops=2.5 if number == 4 else 0.5)] for number in range(9)}
    steady = [steady_exposures(number, faces, shot)[0].stops for number, faces in shot.items()]
    assert steady[0] == steady[8] == 0.5
    assert max(steady) < 1.1
    assert np.abs(np.diff(steady)).max() < 0.3
    unexposed = [replace(face, stops=None)]
    assert steady_exposures(0, unexposed, {0: unexposed}) == unexposed
