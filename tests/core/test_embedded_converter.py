# SPDX-License-Identifier: GPL-3.0-or-later
"""The tflite to ONNX converter, operator by operator, against direct NumPy computation."""

import struct

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.errors import ModelError
from understudy.tools.embedded_models.convert import to_onnx
from understudy.tools.embedded_models.image_ops import SAME, VALID, same_padding
from understudy.tools.embedded_models.tflite_reader import Model, Operator, Tensor, read_model

CONV = {"stride_w": 1, "stride_h": 1, "activation": 0, "dilation_w": 1, "dilation_h": 1}


def one_operator(kind, arrays, result_shape, options=None, custom=b"", constants=()):
    """A model of one operator; arrays are its inputs, those numbered in `constants` stored in it."""
    stored = (Tensor(f"in{i}", a.shape, a if i in constants else None) for i, a in enumerate(arrays))
    tensors = (*stored, Tensor("out", result_shape))
    numbers = tuple(range(len(arrays)))
    operator = Operator(kind, numbers, (len(arrays),), options or {}, custom)
    return Model(tensors, (operator,), tuple(i for i in numbers if i not in constants), (len(arrays),))


def run(model, *feeds):
    session = onnxruntime.InferenceSession(
        to_onnx(model, "test").SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [value.name for value in session.get_inputs()]
    return session.run(None, dict(zip(names, feeds, strict=True)))


def run_one(kind, arrays, result_shape, options=None, custom=b"", constants=()):
    model = one_operator(kind, arrays, result_shape, options, custom, constants)
    (result,) = run(model, *(arrays[i] for i in model.inputs))
    assert result.shape == result_shape
    return result


def direct_convolution(picture, kernel, stride, pads):
    """Sliding window over NHWC: kernel [out, h, w, in], pads ((top, bottom), (left, right))."""
    padded = np.pad(picture[0].astype(np.float64), (*pads, (0, 0)))
    count, height, width, _ = kernel.shape
    rows = (padded.shape[0] - height) // stride + 1
    columns = (padded.shape[1] - width) // stride + 1
    result = np.zeros((1, rows, columns, count))
    for y in range(rows):
        for x in range(columns):
            window = padded[y * stride : y * stride + height, x * stride : x * stride + width]
            result[0, y, x] = (kernel * window).sum(axis=(1, 2, 3))
    return result


@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 4), st.integers(1, 3))
def test_same_padding_gives_ceil_of_size_by_stride(size, kernel, stride, dilation):
    before, after = same_padding(size, kernel, stride, dilation)
    reach = (kernel - 1) * dilation + 1
    assert after - before in (0, 1)
    padded = size + before + after
    if before + after:
        assert (padded - reach) // stride + 1 == -(-size // stride)
        assert (padded - 1 - reach) // stride + 1 < -(-size // stride)
    else:
        assert padded >= reach or size < reach


@pytest.mark.parametrize(("size", "stride"), [(6, 2), (7, 2), (5, 3), (4, 1)])
def test_convolution_same(size, stride):
    random = np.random.default_rng(size)
    picture = random.normal(size=(1, size, size + 1, 3)).astype(np.float32)
    kernel = random.normal(size=(2, 3, 3, 3)).astype(np.float16)
    bias = random.normal(size=2).astype(np.float16)
    pads = (same_padding(size, 3, stride), same_padding(size + 1, 3, stride))
    expected = direct_convolution(picture, kernel.astype(np.float64), stride, pads) + bias
    options = CONV | {"padding": SAME, "stride_w": stride, "stride_h": stride}
    result = run_one("CONV_2D", [picture, kernel, bias], expected.shape, options, constants=(1, 2))
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_even_image_stride_two_pads_right_and_bottom_only():
    assert same_padding(192, 3, 2) == (0, 1)
    assert same_padding(32, 5, 2) == (1, 2)


def test_depthwise_convolution_with_fused_relu():
    random = np.random.default_rng(1)
    picture = random.normal(size=(1, 6, 6, 4)).astype(np.float32)
    kernel = random.normal(size=(1, 3, 3, 4)).astype(np.float16)
    bias = random.normal(size=4).astype(np.float16)
    pads = (same_padding(6, 3, 2),) * 2
    channels = [
        direct_convolution(picture[..., c : c + 1], kernel[..., c, None].astype(np.float64), 2, pads)
        for c in range(4)
    ]
    expected = np.maximum(np.concatenate(channels, axis=-1) + bias, 0)
    options = CONV | {"padding": SAME, "stride_w": 2, "stride_h": 2, "activation": 1}
    result = run_one("DEPTHWISE_CONV_2D", [picture, kernel, bias], expected.shape, options, constants=(1, 2))
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_padding_is_left_to_the_convolution_that_follows():
    random = np.random.default_rng(2)
    picture = random.normal(size=(1, 5, 5, 2)).astype(np.float32)
    kernel = random.normal(size=(3, 3, 3, 2)).astype(np.float32)
    amounts = np.asarray([[0, 0], [1, 2], [0, 1], [0, 0]], np.int32)
    expected = direct_convolution(picture, kernel, 2, ((1, 2), (0, 1)))
    options = CONV | {"padding": VALID, "stride_w": 2, "stride_h": 2}
    model = Model(
        (
            Tensor("picture", picture.shape),
            Tensor("amounts", amounts.shape, amounts),
            Tensor("padded", (1, 8, 6, 2)),
            Tensor("kernel", kernel.shape, kernel),
            Tensor("out", expected.shape),
        ),
        (Operator("PAD", (0, 1), (2,)), Operator("CONV_2D", (2, 3), (4,), options)),
        (0,),
        (4,),
    )
    assert "Pad" not in [node.op_type for node in to_onnx(model, "test").graph.node]
    np.testing.assert_allclose(run(model, picture)[0], expected, atol=1e-5)


def test_padding_of_channels():
    picture = np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3)
    amounts = np.asarray([[0, 0], [0, 0], [1, 0], [0, 2]], np.int32)
    result = run_one("PAD", [picture, amounts], (1, 2, 3, 5), constants=(1,))
    np.testing.assert_array_equal(result, np.pad(picture, amounts))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_prelu_has_one_slope_a_channel(seed):
    random = np.random.default_rng(seed)
    picture = random.normal(size=(1, 3, 2, 4)).astype(np.float32)
    slope = random.uniform(-0.5, 1.5, size=(1, 1, 4)).astype(np.float16)
    result = run_one("PRELU", [picture, slope], picture.shape, constants=(1,))
    expected = np.where(picture > 0, picture, picture * slope.astype(np.float32))
    np.testing.assert_allclose(result, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("RELU", lambda x: np.maximum(x, 0)),
        ("LOGISTIC", lambda x: 1 / (1 + np.exp(-x))),
        ("HARD_SWISH", lambda x: x * np.clip(x + 3, 0, 6) / 6),
    ],
)
def test_activations(kind, expected):
    picture = np.linspace(-5, 5, 24, dtype=np.float32).reshape(1, 2, 3, 4)
    np.testing.assert_allclose(
        run_one(kind, [picture], picture.shape), expected(picture.astype(np.float64)), atol=1e-6
    )


def test_multiply_broadcasts_one_value_a_channel():
    random = np.random.default_rng(3)
    picture = random.normal(size=(1, 2, 3, 4)).astype(np.float32)
    scale = random.normal(size=(1, 1, 1, 4)).astype(np.float32)
    result = run_one("MUL", [picture, scale], picture.shape, {"activation": 3})
    np.testing.assert_allclose(result, np.clip(picture * scale, 0, 6), atol=1e-6)


def test_pooling():
    picture = np.random.default_rng(4).normal(size=(1, 4, 6, 2)).astype(np.float32)
    options = {"padding": VALID, "stride_w": 2, "stride_h": 2, "filter_w": 2, "filter_h": 2, "activation": 0}
    blocks = picture.reshape(1, 2, 2, 3, 2, 2)
    np.testing.assert_array_equal(
        run_one("MAX_POOL_2D", [picture], (1, 2, 3, 2), options), blocks.max(axis=(2, 4))
    )
    np.testing.assert_allclose(
        run_one("AVERAGE_POOL_2D", [picture], (1, 2, 3, 2), options), blocks.mean(axis=(2, 4)), atol=1e-6
    )
    whole = options | {"filter_w": 6, "filter_h": 4}
    np.testing.assert_allclose(
        run_one("AVERAGE_POOL_2D", [picture], (1, 1, 1, 2), whole),
        picture.mean(axis=(1, 2), keepdims=True),
        atol=1e-6,
    )


@pytest.mark.parametrize("mode", ["half_pixel_centers", "align_corners", "neither"])
def test_resize_bilinear(mode):
    picture = np.random.default_rng(5).normal(size=(1, 3, 4, 2)).astype(np.float32)

    def sampled(size, count):
        result = np.arange(count)
        if mode == "half_pixel_centers":
            return (result + 0.5) * size / count - 0.5
        return result * (size - 1) / (count - 1) if mode == "align_corners" else result * size / count

    def along(values, axis, count):
        size = values.shape[axis]
        at = np.clip(sampled(size, count), 0, size - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, size - 1)
        part = np.expand_dims(at - low, [i for i in range(4) if i != axis])
        return values.take(low, axis) * (1 - part) + values.take(high, axis) * part

    options = {"align_corners": 0, "half_pixel_centers": 0} | ({} if mode == "neither" else {mode: 1})
    size = np.asarray([6, 8], np.int32)
    result = run_one("RESIZE_BILINEAR", [picture, size], (1, 6, 8, 2), options, constants=(1,))
    np.testing.assert_allclose(result, along(along(picture, 1, 6), 2, 8), atol=1e-5)


def test_depth_to_space():
    picture = np.arange(1 * 2 * 3 * 8, dtype=np.float32).reshape(1, 2, 3, 8)
    result = run_one("DEPTH_TO_SPACE", [picture], (1, 4, 6, 2), {"block_size": 2})
    # Channel order is block row, block column, channel.
    expected = picture.reshape(1, 2, 3, 2, 2, 2).transpose(0, 1, 3, 2, 4, 5).reshape(1, 4, 6, 2)
    np.testing.assert_array_equal(result, expected)


def test_reshape_keeps_the_order_of_elements_of_a_image():
    picture = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    doubled = one_operator("ADD", [picture, picture], picture.shape, {"activation": 0})
    model = Model(
        (*doubled.tensors[:2], Tensor("sum", picture.shape), Tensor("out", (1, 6, 4))),
        (*doubled.operators, Operator("RESHAPE", (2,), (3,))),
        (0, 1),
        (3,),
    )
    np.testing.assert_array_equal(run(model, picture, picture)[0], 2 * picture.reshape(1, 6, 4))


def test_transposed_convolution():
    random = np.random.default_rng(6)
    picture = random.normal(size=(1, 3, 2, 4)).astype(np.float32)
    kernel = random.normal(size=(1, 2, 2, 4)).astype(np.float16)
    bias = np.asarray([0.5], np.float16)
    custom = struct.pack("<3i", 1, 2, 2)
    result = run_one(
        "Convolution2DTransposeBias", [picture, kernel, bias], (1, 6, 4, 1), {}, custom, constants=(1, 2)
    )
    blocks = np.einsum("yxc,hwc->yhxw", picture[0], kernel[0].astype(np.float32))
    np.testing.assert_allclose(result, blocks.reshape(1, 6, 4, 1) + 0.5, atol=1e-5)


def test_stored_half_floats_stay_half_floats_in_the_file():
    picture = np.ones((1, 2, 2, 3), np.float32)
    kernel = np.full((2, 1, 1, 3), 0.25, np.float16)
    model = one_operator(
        "CONV_2D", [picture, kernel], (1, 2, 2, 2), CONV | {"padding": VALID}, constants=(1,)
    )
    (stored,) = [i for i in to_onnx(model, "test").graph.initializer if len(i.dims) == 4]
    assert stored.data_type == onnx.TensorProto.FLOAT16


def test_refuses_what_it_does_not_know():
    picture = np.ones((1, 2, 2, 3), np.float32)
    with pytest.raises(ModelError, match="operator GATHER_ND is not known"):
        to_onnx(one_operator("GATHER_ND", [picture], picture.shape), "test")
    with pytest.raises(ModelError, match="not a TensorFlow Lite file"):
        read_model(b"\x1c\x00\x00\x00ONNX" + bytes(64))
