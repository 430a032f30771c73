# SPDX-License-Identifier: GPL-3.0-or-later
"""MediaPipe's three attention operators, as converted to ONNX, against direct NumPy computation."""

import numpy as np
import onnxruntime
from flatbuffers import flexbuffers
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.tools.embedded_models.convert import to_onnx
from understudy.tools.embedded_models.tflite_reader import Model, Operator, Tensor


def run_one(kind, arrays, result_shape, custom=b""):
    """Convert a model of one operator with no constants and run it."""
    names = [f"in{i}" for i in range(len(arrays))]
    tensors = (*(Tensor(n, a.shape) for n, a in zip(names, arrays, strict=True)), Tensor("out", result_shape))
    inputs = tuple(range(len(arrays)))
    model = Model(tensors, (Operator(kind, inputs, (len(arrays),), {}, custom),), inputs, (len(arrays),))
    session = onnxruntime.InferenceSession(
        to_onnx(model, "test").SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (result,) = session.run(None, dict(zip(names, arrays, strict=True)))
    assert result.shape == result_shape
    return result


def rotation(angle):
    return np.asarray([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def direct_matrix(landmarks, options):
    """The crop-to-map matrix as the product of its steps: shift, turn back, scale, centre."""
    points = landmarks[0, :, :2].astype(np.float64)
    line = points[options["right_rotation_idx"]] - points[options["left_rotation_idx"]]
    turn = rotation(options["target_rotation_radians"] - np.arctan2(line[1], line[0]))
    part = points[options["subset_idxs"]] @ turn.T
    low, high = part.min(axis=0), part.max(axis=0)
    crop = np.asarray([options["output_width"], options["output_height"]])
    scale = np.asarray([options["scale_x"], options["scale_y"]]) * (high - low) / crop
    linear = turn.T @ np.diag(scale)
    result = np.eye(4)
    result[:2, :2] = linear
    result[:2, 3] = turn.T @ ((low + high) / 2) - linear @ (crop / 2)
    return result[None]


def matrix_options(target=0.0):
    return {
        "left_rotation_idx": 1,
        "right_rotation_idx": 4,
        "subset_idxs": [0, 2, 3, 4, 6],
        "output_width": 8,
        "output_height": 4,
        "scale_x": 1.5,
        "scale_y": 1.25,
        "target_rotation_radians": target,
    }


@given(st.integers(0, 2**32 - 1), st.floats(-3, 3))
@settings(max_examples=30, deadline=None)
def test_landmarks_to_matrix(seed, target):
    landmarks = np.random.default_rng(seed).uniform(0, 48, size=(1, 7, 3)).astype(np.float32)
    options = matrix_options(target)
    custom = bytes(flexbuffers.Dumps(options))
    result = run_one("Landmarks2TransformMatrix", [landmarks], (1, 4, 4), custom)
    np.testing.assert_allclose(result, direct_matrix(landmarks, options), atol=2e-4)


def test_landmarks_to_matrix_where_both_ends_are_one_point():
    landmarks = np.random.default_rng(7).uniform(0, 48, size=(1, 7, 3)).astype(np.float32)
    landmarks[0, 4] = landmarks[0, 1]
    custom = bytes(flexbuffers.Dumps(matrix_options()))
    result = run_one("Landmarks2TransformMatrix", [landmarks], (1, 4, 4), custom)
    np.testing.assert_allclose(result, direct_matrix(landmarks, matrix_options()), atol=1e-4)


def direct_sample(features, matrix, height, width):
    rows, columns, channels = features.shape[1:]
    result = np.zeros((1, height, width, channels))
    for v in range(height):
        for u in range(width):
            x, y = (matrix[0] @ [u + 0.5, v + 0.5, 0, 1])[:2] - 0.5
            if not (0 <= x <= columns - 1 and 0 <= y <= rows - 1):
                continue
            left, top = int(x), int(y)
            right, bottom = min(left + 1, columns - 1), min(top + 1, rows - 1)
            upper = (left + 1 - x) * features[0, top, left] + (x - left) * features[0, top, right]
            lower = (left + 1 - x) * features[0, bottom, left] + (x - left) * features[0, bottom, right]
            result[0, v, u] = (top + 1 - y) * upper + (y - top) * lower
    return result


@given(
    st.floats(0.2, 2.5),
    st.floats(-3.2, 3.2),
    st.floats(-3, 12),
    st.floats(-3, 12),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=30, deadline=None)
def test_transform_tensor_inside_and_outside_the_map(scale, angle, x, y, seed):
    # A smooth map of 7 rows and 9 columns, so that rounding of a position moves the value little.
    random = np.random.default_rng(seed)
    features = random.normal(size=(1, 7, 9, 4)).astype(np.float32)
    matrix = np.eye(4, dtype=np.float32)[None]
    matrix[0, :2, :2] = scale * rotation(angle)
    matrix[0, :2, 3] = x, y
    expected = direct_sample(features, matrix, 5, 6)
    result = run_one("TransformTensorBilinear", [features, matrix], (1, 5, 6, 4))
    wrong = np.abs(result - expected).max(axis=-1)[0] > 1e-3
    # Within rounding of the map's edge either answer is right.
    v, u = np.mgrid[:5, :6] + 0.5
    at = np.stack([u, v], axis=-1) @ matrix[0, :2, :2].astype(np.float64).T + matrix[0, :2, 3] - 0.5
    edge = np.minimum(np.abs(at), np.abs(at - [8, 6])).min(axis=-1) < 1e-4
    assert not (wrong & ~edge).any()


def test_transform_tensor_is_nought_even_half_a_pixel_outside():
    features = np.ones((1, 4, 4, 2), np.float32)
    matrix = np.eye(4, dtype=np.float32)[None]
    matrix[0, 0, 3] = -0.5
    result = run_one("TransformTensorBilinear", [features, matrix], (1, 4, 4, 2))
    np.testing.assert_array_equal(result[0, :, :, 0], [[0, 1, 1, 1]] * 4)


def test_transform_landmarks():
    random = np.random.default_rng(8)
    landmarks = random.normal(size=(1, 5, 2)).astype(np.float32)
    matrix = random.normal(size=(1, 4, 4)).astype(np.float32)
    result = run_one("TransformLandmarks", [landmarks, matrix], landmarks.shape)
    expected = landmarks[0] @ matrix[0, :2, :2].T + matrix[0, :2, 3]
    np.testing.assert_allclose(result[0], expected, atol=1e-5)
