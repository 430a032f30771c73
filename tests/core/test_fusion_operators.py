# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators of fusion's graph, each alone: warps, enlargements, blurs and reductions are OpenCV's."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.fusion.graph.images import Warp
from understudy.core.fusion.graph.resampling import (
    TAP_WEIGHT_SUM,
    Taps,
    area_matrix,
    cubic_taps,
    level_blur_matrix,
    linear_taps,
    low_pass_matrix,
    warp_positions,
    warp_weights,
)
from understudy.core.models.onnx_writer import GraphWriter
from understudy.core.swap.neural_region import (
    enlarges,
)

from tests.core.fusion_faces import POOL


@settings(max_examples=15, deadline=None)
@given(
    source_size=st.tuples(st.integers(8, 200), st.integers(8, 200)),
    size=st.tuples(st.integers(1, 120), st.integers(1, 120)),
    scale=st.floats(0.1, 1.99),
    angle=st.floats(-180, 180),
    shift=st.tuples(st.floats(-50, 150), st.floats(-50, 150)),
)
def test_a_warp_is_opencvs_to_the_bit(source_size, size, scale, angle, shift) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (*source_size, 3)).astype(np.uint8)
    cosine, sine = scale * np.cos(np.radians(angle)), scale * np.sin(np.radians(angle))
    back = np.array([[cosine, -sine, shift[0]], [sine, cosine, shift[1]]])
    curved = enlarges(back)
    kind = cv2.INTER_CUBIC if curved else cv2.INTER_LINEAR
    flags = kind | cv2.WARP_INVERSE_MAP
    expected = cv2.warpAffine(picture, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    graph = GraphWriter("warp")
    terms = [graph.input(name, "int32", name) for name in ("xa", "xd", "ya", "yd")]
    weights = graph.input("weights", "float32", 4, 1024, 4)
    last = [graph.input(name, "float32") for name in ("column", "row")]
    pixels = graph.input("pixels", "uint8", "h", "w", 3)
    graph.output(Warp(*terms, weights, *last).apply(pixels), "warped", "float32", 3, "yd", "xa")
    places = warp_positions(back, size)
    inputs = {"xa": places.x_across, "xd": places.x_down, "ya": places.y_across, "yd": places.y_down}
    inputs |= {"weights": warp_weights(cubic=curved), "pixels": picture}
    ends = {"column": source_size[1] - 1, "row": source_size[0] - 1}
    inputs |= {name: np.asarray(value, np.float32) for name, value in ends.items()}
    drawn = POOL.run_graph(graph.model(), inputs)[0]
    assert np.array_equal(drawn.transpose(1, 2, 0), expected)


def resample(picture: np.ndarray, down: Taps, across: Taps) -> np.ndarray:
    wide = (picture[:, across.indices] * across.weights.astype(np.float64)).sum(1)
    return (wide[down.indices] * down.weights[:, :, None].astype(np.float64)).sum(0)


sizes = st.tuples(st.integers(8, 120), st.integers(8, 120))


@contextmanager
def use_ipp(enabled: bool) -> Iterator[None]:
    """OpenCV enlarges by Intel's IPP where it has it, and by code of its own on other processors."""
    before = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(enabled)
    linear_taps.cache_clear()
    cubic_taps.cache_clear()
    try:
        yield
    finally:
        cv2.ipp.setUseIPP(before)
        linear_taps.cache_clear()
        cubic_taps.cache_clear()


@pytest.mark.parametrize("intel", [True, False], ids=["IPP", "without IPP"])
@settings(max_examples=15, deadline=None)
@given(size=sizes, factor=st.floats(1, 4), seed=st.integers(0, 99))
def test_enlargements_are_opencvs(intel, size, factor, seed) -> None:
    with use_ipp(intel):
        check_enlargements(size, factor, seed)


def check_enlargements(size: tuple[int, int], factor: float, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, size).astype(np.uint8)
    full = round(size[0] * factor), round(size[1] * factor)
    floats = cv2.resize(picture.astype(np.float32), full[::-1], interpolation=cv2.INTER_LINEAR)
    assert np.allclose(
        resample(picture, linear_taps(size[0], full[0]), linear_taps(size[1], full[1])), floats, atol=1e-3
    )
    curved = cv2.resize(picture, full[::-1], interpolation=cv2.INTER_CUBIC).astype(float)
    own = resample(picture, cubic_taps(size[0], full[0]), cubic_taps(size[1], full[1])) / TAP_WEIGHT_SUM**2
    assert np.abs(np.clip(own, 0, 255) - curved).max() < 0.51


@settings(max_examples=15, deadline=None)
@given(sizes, st.floats(0.5, 4), st.integers(0, 99))
def test_blurs_and_reductions_are_opencvs(size, spread, seed) -> None:
    height, width = size
    picture = np.random.default_rng(seed).integers(0, 256, size).astype(np.uint8)
    whole = cv2.GaussianBlur(picture, (0, 0), spread)
    own = np.floor(
        level_blur_matrix(height, spread) @ picture @ level_blur_matrix(width, spread).T / 65536 + 0.5
    )
    assert np.array_equal(own, whole)
    floats = picture.astype(np.float32)
    low = cv2.GaussianBlur(floats, (0, 0), spread, borderType=cv2.BORDER_CONSTANT)
    assert np.allclose(
        low_pass_matrix(height, spread) @ floats @ low_pass_matrix(width, spread).T, low, atol=1e-3
    )
    small = height // 2, width // 3
    reduced = cv2.resize(floats, small[::-1], interpolation=cv2.INTER_AREA)
    assert np.allclose(
        area_matrix(height, small[0]) @ floats @ area_matrix(width, small[1]).T, reduced, atol=1e-3
    )
