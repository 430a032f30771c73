# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins of the real networks' sizes: as many weights and multiplications, in the same kinds of layers.

Their weights are random and what they draw is noise: they are written for a measurement, never shipped, and say what a
network of that size costs, not how it looks. Sizes are from the vendors' files and published layer widths.

The swapper is nearer to a trained network in what rounding does to its image: what its residual blocks change is small
beside what they are given, which is normalized. Without that, each block lifted the rounding of those before it:
bfloat16 was off by 3.3 % of the image's contrast in place of 1.9 % (the trained ones of
docs/performance.md: 0.4 to 1.2 %).
Source: residual scaling in Szegedy et al., "Inception-v4" (2016), with the factor of Wang et al., "ESRGAN" (2018).
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from understudy.core.models.onnx_writer import GraphWriter, Value
from understudy.core.models.statement import statement_path

Weights = npt.NDArray[np.float32]
_VECTOR = 512
_SLOPE = 0.2
_RESIDUAL_SCALE = 0.2


class _Layers:
    """A graph with random weights, scaled so that values neither grow nor fade from layer to layer."""

    def __init__(self, name: str, seed: int) -> None:
        self.graph = GraphWriter(name)
        self._random = np.random.default_rng(seed)

    def weights(self, *shape: int, gain: float = 2.0) -> Value:
        """Return weights of a shape (out, in, ...)."""
        spread = np.float32(np.sqrt(gain / np.prod(shape[1:])))
        return self.graph.constant(self._random.standard_normal(shape, np.float32) * spread)

    def convolve(
        self, value: Value, channels: tuple[int, int], size: int = 3, stride: int = 1, gain: float = 2.0
    ) -> Value:
        """Convolve from channels[0] to channels[1]."""
        kernel = self.weights(channels[1], channels[0], size, size, gain=gain)
        bias = self.graph.constant(np.zeros(channels[1], np.float32))
        edge = size // 2
        return self.graph.node(
            "Conv", value, kernel, bias, strides=(stride, stride), pads=(edge, edge, edge, edge)
        )

    def leaky(self, value: Value) -> Value:
        """Return leaky ReLU of a value."""
        return self.graph.node("LeakyRelu", value, alpha=_SLOPE)

    def enlarge(self, value: Value) -> Value:
        """Return it twice as large, interpolated."""
        empty = self.graph.constant(np.zeros(0, np.float32))
        scales = self.graph.constant(np.array([1, 1, 2, 2], np.float32))
        return self.graph.node("Resize", value, empty, scales, mode="linear")

    def normalize(self, value: Value) -> Value:
        """Return each channel with mean 0 and variance 1."""
        apart = value - value.mean(2, 3)
        return apart * (((apart * apart).mean(2, 3) + 1e-8).sqrt() ** -1)

    def multiply(self, rows: Value, before: int, after: int) -> Value:
        """Return rows of `before` values as rows of `after`, by a matrix."""
        matrix = self._random.standard_normal((before, after), np.float32) / np.float32(np.sqrt(before))
        return rows @ self.graph.constant(matrix)

    def cut(self, rows: Value, first: int, end: int) -> Value:
        """Return the values from `first` to before `end` of each row."""
        places = (self.graph.constant(np.array([at], np.int64)) for at in (first, end, 1))
        return self.graph.node("Slice", rows, *places)

    def styled(self, value: Value, source: Value, channels: int) -> Value:
        """Return a normalized value with a scale and a shift for each channel, made from a source vector."""
        style = self.multiply(source, _VECTOR, 2 * channels)
        scale, shift = (self.cut(style, at, at + channels).unsqueeze(2, 3) for at in (0, channels))
        return self.normalize(value) * (scale + 1) + shift

    def write(self, path: Path, family: str) -> Path:
        """Write the file and what family it is of."""
        path.write_bytes(self.graph.model())
        statement_path(path).write_text(f'family = "{family}"\n', encoding="utf-8")
        return path


def write_swapper(path: Path, blocks: int = 6, width: int = 128) -> Path:
    """Write a net of inswapper's size: 554 MB, 174 G multiplications a face of 128 pixels.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    blocks : int
        Residual blocks in the middle.
    width : int
        Channels of the first layer; the middle has eight times as many.

    Returns
    -------
    pathlib.Path
        `path`.
    """
    net = _Layers("swapper", 1)
    target = net.graph.input("target", "float32", 1, 3, 128, 128)
    source = net.graph.input("source", "float32", 1, _VECTOR)
    value = net.leaky(net.convolve(target, (3, width), 7))
    value = net.leaky(net.convolve(value, (width, 2 * width)))
    value = net.leaky(net.convolve(value, (2 * width, 4 * width), stride=2))
    value = net.leaky(net.convolve(value, (4 * width, 8 * width), stride=2))
    value, middle = net.normalize(value), 8 * width
    for _ in range(blocks):
        inner = net.graph.node("Relu", net.styled(net.convolve(value, (middle, middle)), source, middle))
        value = value + net.styled(net.convolve(inner, (middle, middle)), source, middle) * _RESIDUAL_SCALE
    value = net.leaky(net.convolve(net.enlarge(value), (middle, 4 * width)))
    value = net.leaky(net.convolve(net.enlarge(value), (4 * width, 2 * width)))
    value = net.leaky(net.convolve(value, (2 * width, width)))
    # Not so steep that every pixel is black or white.
    image = net.graph.node("Tanh", net.convolve(value, (width, 3), 7, gain=0.1))
    # The last initializer of the file has to be the matrix that source vectors are multiplied by.
    output = (image + 1) / 2
    net.graph.constant(np.eye(_VECTOR, dtype=np.float32))
    net.graph.output(output, "output", "float32", 1, 3, 128, 128)
    return net.write(path, "swap/inswapper")


def write_recogniser(path: Path, blocks: int = 24) -> Path:
    """Write a net of ArcFace w600k_r50's size: 174 MB, 6 G multiplications a face of 112 pixels."""
    net = _Layers("recogniser", 2)
    value = net.leaky(net.convolve(net.graph.input("input.1", "float32", 1, 3, 112, 112), (3, 64)))
    before = 64
    for channels, count in ((64, 3), (128, 4), (256, 14), (512, 3)):
        for number in range(min(count, blocks)):
            stride = 2 if number == 0 else 1
            inner = net.leaky(net.convolve(value, (before, channels)))
            inner = net.convolve(inner, (channels, channels), stride=stride, gain=0.1)
            beside = value if number else net.convolve(value, (before, channels), 1, stride)
            value, before = beside + inner, channels
    flat = net.graph.node("Flatten", value)
    net.graph.output(net.multiply(flat, 512 * 49, _VECTOR), "683", "float32", 1, _VECTOR)
    return net.write(path, "embed/arcface")


def write_enhancer(path: Path, width: int = 64, style: int = _VECTOR) -> Path:
    """Write a net of GFPGAN's size: about 340 MB, on images of 512 pixels; see `write_swapper`."""
    net = _Layers("enhancer", 4)
    value = net.graph.input("input", "float32", 1, 3, 512, 512)
    # Channels at 512, 256, ... 4 pixels; the way down is half as wide, as GFPGAN's is.
    widths = [width, 2 * width, 4 * width, 8 * width, 8 * width, 8 * width, 8 * width, 8 * width]
    value, before, down = net.leaky(net.convolve(value, (3, width // 2), 1)), width // 2, []
    for channels in (full // 2 for full in widths[1:]):
        down.append(value)
        value = net.leaky(net.convolve(value, (before, before)))
        value, before = net.leaky(net.convolve(value, (before, channels), stride=2)), channels
    # A style for each layer of the way up, all from one large matrix: most of the file.
    count = len(down)
    styles = net.multiply(net.graph.node("Flatten", value), before * 16, 2 * count * style)
    for number, (channels, beside) in enumerate(zip(reversed(widths[:-1]), reversed(down), strict=True)):
        scales = [
            net.multiply(net.cut(styles, style * at, style * (at + 1)), style, size).unsqueeze(2, 3)
            for at, size in ((2 * number, before), (2 * number + 1, channels))
        ]
        value = net.leaky(net.convolve(net.enlarge(value) * (scales[0] * 0.1 + 1), (before, channels)))
        skip = net.leaky(net.convolve(beside, (channels // 2, channels)))
        skip = net.convolve(skip, (channels, channels), gain=0.3)
        mixed = (value * 0.7 + skip) * (scales[1] * 0.1 + 1)
        value, before = net.leaky(net.convolve(mixed, (channels, channels))), channels
    image = net.graph.node("Tanh", net.convolve(value, (before, 3), 1, gain=1.0))
    net.graph.output(image, "output", "float32", 1, 3, 512, 512)
    return net.write(path, "enhance/gfpgan")


WRITERS: dict[str, Callable[[Path], Path]] = {
    "recogniser.onnx": write_recogniser,
    "swapper.onnx": write_swapper,
    "enhancer.onnx": write_enhancer,
}


def write_networks(folder: Path) -> None:
    """Write all of them into a folder, which needs 1.1 GB."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, write in WRITERS.items():
        write(folder / name)
