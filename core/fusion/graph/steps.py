# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of fusion as a graph: each has the name of its counterpart in `fuse`, `mask` or `colour`, and its terms.

Pictures are (3, h, w) or (h, w) float32; those of whole levels 0..255 are rounded where OpenCV rounds them.
"""

from dataclasses import dataclass

import numpy as np

from ...models.onnx_writer import Value
from ..colour import CONTRAST_RANGE, CONTRAST_SHARE, DARKEST, MOST_GAIN
from ..fuse import HALVES_UP, RIM, SHARPEN_SPREAD
from .images import (
    Matrices,
    TapPair,
    above,
    blurred_everywhere,
    blurred_levels,
    joined,
    planes,
    spread_out,
    where,
)


@dataclass(frozen=True, eq=False)
class Mask:
    """The inputs of the mask: what `mask.drawn_mask` draws, (h, w) each, and the recipe's numbers."""

    distance: Value
    eyes: Value
    mouth: Value
    area: Value
    padding: Value
    ramp: Value
    keep_eyes: Value
    keep_mouth: Value
    hole: Matrices


def face_mask(inputs: Mask) -> Value:
    """`mask.face_mask`: (h, w) in 0..1."""
    rise = ((inputs.distance - inputs.padding) / inputs.ramp).clipped(0, 1)
    mask = rise * rise * (3 - 2 * rise)
    mask = mask * (1 - inputs.keep_eyes * softened(inputs.eyes, inputs.hole))
    mask = mask * (1 - inputs.keep_mouth * softened(inputs.mouth, inputs.hole))
    return mask * inputs.area


def softened(hole: Value, matrices: Matrices) -> Value:
    """`mask._softened`: a drawn hole (h, w) uint8 with soft edges, in 0..1."""
    return blurred_levels(hole.cast("float32"), matrices) / 255


@dataclass(frozen=True, eq=False)
class Cover:
    """The inputs that take away from the mask: the crop's own `cover`, as large as the mask, and `bare`."""

    cover: Value
    bare: Value
    bare_to_mask: TapPair
    keep_cover: Value


def uncovered(mask: Value, inputs: Cover) -> Value:
    """The mask (h, w), less what the crop does not show, less what covers the face; as in `fuse.fused`."""
    mask = mask * (inputs.cover.cast("float32") / 255)
    return mask * (1 - inputs.keep_cover * (1 - inputs.bare_to_mask.of(inputs.bare)))


def sharpened(rgb: Value, amount: Value) -> Value:
    """`fuse._sharpened`: (3, h, w) whole levels."""
    blurred = blurred_everywhere(rgb, SHARPEN_SPREAD)
    return (rgb * (amount + 1) - blurred * amount).rounded().clipped(0, 255)


@dataclass(frozen=True, eq=False)
class Light:
    """The inputs of the light: both pictures and the brows, reduced to compare them, and the recipe's numbers."""

    target: Value
    swapped: Value
    mask_to_light: Matrices
    brows: Value
    fine: Matrices
    broad: Matrices
    strength: Value
    to_crop: TapPair


def lit(rgb: Value, mask: Value, inputs: Light) -> Value:
    """`fuse._lit`: (3, h, w) whole levels."""
    weight = inputs.mask_to_light.of(mask) * (1 - inputs.brows.cast("float32") / 255)
    gain, offset = light_transfer(planes(inputs.target), planes(inputs.swapped), weight, inputs)
    out = rgb * inputs.to_crop.of(gain) + inputs.to_crop.of(offset)
    return out.rounded().clipped(0, 255)


def light_transfer(target: Value, swapped: Value, weight: Value, inputs: Light) -> tuple[Value, Value]:
    """`colour.light_transfer`: gain and offset, (3, h, w) each."""
    fine = _Lows(target, swapped, weight, inputs.fine)
    broad = _Lows(target, swapped, weight, inputs.broad)
    tint = fine.ratio / fine.ratio.mean(0)
    gain = (tint * broad.ratio.mean(0)).clipped(1 / MOST_GAIN, MOST_GAIN) ** inputs.strength
    contrast = (broad.details[0] / broad.details[1].at_least(1e-4)).clipped(*CONTRAST_RANGE)
    contrast = contrast ** (inputs.strength * CONTRAST_SHARE)
    offset = broad.low_swapped * gain * (1 - contrast)
    return gain * contrast, offset


class _Lows:
    """`colour._Lows`: low frequencies of target and swapped crop, their ratio, how strong the detail above is."""

    def __init__(self, target: Value, swapped: Value, weight: Value, low: Matrices) -> None:
        near = low.of(weight) + 1e-3
        overall = weight.sum(-2, -1) + 1e-3
        lows, self.details = [], []
        for picture in (target, swapped):
            mean = (picture * weight).sum(-2, -1) / overall
            lows.append((low.of(picture * weight) + 1e-3 * mean) / near)
            relative = (picture - lows[-1]).mean(0) / (lows[-1].mean(0) + DARKEST)
            self.details.append(((relative * relative * weight).sum(-2, -1) / overall).root())
        self.ratio = (lows[0] + DARKEST) / (lows[1] + DARKEST)
        self.low_swapped = lows[1]


def layer(rgb: Value, mask: Value, shown: Value, alpha_to_full: TapPair, rgb_to_full: TapPair) -> Value:
    """The last step of `fuse.fused`: (H, W, 4) uint8 from the crop's colours, its mask, and 255 x its opacity."""
    alpha = alpha_to_full.of_levels_halved((mask * shown + HALVES_UP).rounded())
    rgb = rgb_to_full.of_levels(rgb)
    rim = above(spread_out(alpha, RIM), 0)
    rgba = joined(alpha.graph, 0, rgb, alpha.with_axes(0))
    seen = where(rim, rgba, rgba.graph.constant(np.zeros((), np.float32)))
    return seen.moved(1, 2, 0).cast("uint8")
