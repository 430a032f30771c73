# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compared with a layer: the frame's own pixels where it lies, and the result that is seen there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.fusion.patch import Patch
from understudy.core.layers.comparison import DIFFERENCE_GAIN, Comparison, compare_layer
from understudy.core.layers.placeholder import PLACEHOLDER
from understudy.core.layers.tiff import layer_pieces

KEY = "ab" * 32


def write_layer(path, patch, size):
    path.write_bytes(b"".join(bytes(piece) for piece in layer_pieces(KEY, patch, size)))
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("layers") / "000000.tif"


@given(
    st.integers(65, 200),
    st.integers(65, 150),
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 2**32 - 1),
)
def test_the_result_is_the_layer_over_the_frame(place, width, height, left, top, seed):
    random = np.random.default_rng(seed)
    frame = random.integers(0, 256, (height, width, 3), np.uint8)
    pixels = random.integers(0, 256, (height - top, width - left, 4), np.uint8)
    pixels[0, 0, 3] = pixels[-1, -1, 3] = 255
    comparison = compare_layer(frame, write_layer(place, Patch(left, top, pixels), (width, height)))
    assert comparison is not None
    assert (comparison.left, comparison.top, comparison.size) == (left, top, (width, height))
    part = frame[top:, left:]
    assert np.array_equal(comparison.other, part)
    alpha = pixels[..., 3:] / 255
    assert (
        np.abs(comparison.result - (pixels[..., :3] * alpha + part * (1 - alpha))).max() <= 0.51
    )  # rounded, in whole numbers
    shown, far = comparison.texels("other"), comparison.texels("difference")
    assert np.array_equal(np.rint(shown[::-1, :, :3] * 255), part)
    expected = np.minimum(np.abs(comparison.result.astype(int) - part) * DIFFERENCE_GAIN, 255)
    assert np.array_equal(np.rint(far[::-1, :, :3] * 255), expected)
    assert (shown[..., 3] == 1).all()


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 60)), min_size=2, max_size=2),
    st.integers(0, 2**32 - 1),
)
def test_two_layers_are_compared_wherever_either_changes_the_frame(place, corners, seed):
    random = np.random.default_rng(seed)
    size = (160, 90)
    frame = random.integers(0, 256, (90, 160, 3), np.uint8)
    paths, expected = (place, place.with_name("other.tif")), []
    for path, (left, top) in zip(paths, corners, strict=True):
        patch = np.full((20, 30, 4), 255, np.uint8)
        patch[..., :3] = random.integers(0, 256, (20, 30, 3), np.uint8)
        write_layer(path, Patch(left, top, patch), size)
        whole = frame.copy()
        whole[top : top + 20, left : left + 30] = patch[..., :3]
        expected.append(whole)
    comparison = compare_layer(frame, paths[0], other_path=paths[1])
    rows = slice(min(top for _, top in corners), max(top for _, top in corners) + 20)
    columns = slice(min(left for left, _ in corners), max(left for left, _ in corners) + 30)
    assert (comparison.left, comparison.top) == (columns.start, rows.start)
    assert np.array_equal(comparison.result, expected[0][rows, columns])
    assert np.array_equal(comparison.other, expected[1][rows, columns])
    # Where one of them is not there, it shows the frame.
    alone = compare_layer(frame, place.with_name("none.tif"), other_path=paths[1])
    assert np.array_equal(alone.result, frame[corners[1][1] :, corners[1][0] :][:20, :30])


def test_where_a_layer_changes_nothing_there_is_nothing_to_compare(tmp_path):
    frame, path = np.zeros((90, 160, 3), np.uint8), tmp_path / "000000.tif"
    assert compare_layer(frame, path) is None
    path.write_bytes(PLACEHOLDER)
    assert compare_layer(frame, path) is None
    path.write_bytes(b"II*\0" + bytes(5000))
    assert compare_layer(frame, path) is None
    assert compare_layer(frame, write_layer(path, None, (160, 90))) is None
    opaque = Patch(5, 5, np.full((20, 20, 4), 255, np.uint8))
    assert compare_layer(frame, write_layer(path, opaque, (320, 180))) is None
    assert compare_layer(frame, write_layer(path, opaque, (160, 90))) is not None


def test_levels_for_gamma_come_out_as_the_frames_own():
    frame = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    texels = (
        Comparison((16, 16), 0, 0, frame, frame).texels("other", for_gamma=True)[::-1, :, :3].astype(float)
    )
    linear = np.where(texels <= 0.04045, texels / 12.92, ((texels + 0.055) / 1.055) ** 2.4)
    assert np.abs(linear ** (1 / 2.2) * 255 - frame).max() < 0.01
