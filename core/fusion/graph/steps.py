# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of fusion as a graph: each has the name of its counterpart in `fuse`, `mask` or `colour`, and its terms.

Images are (3, h, w) or (h, w) float32, in levels 0..255. Those of whole levels are rounded where OpenCV rounds them,
those of `deep` clips nowhere.
"""

from dataclasses import dataclass

import numpy as np

from ...models.onnx_writer import Value
from ..colour import CONTRAST_RANGE, CONTRAST_SHARE, DARK_OFFSET_LEVELS, MAX_GAIN
from ..fuse import RIM_PIXELS, ROUND_HALF_UP_OFFSET
from ..sharpen import SHARPEN_SIGMA_PIXELS
from .images import (
    ResampleMatrices,
    TapPair,
    blur_floats,
    blur_image,
    blur_levels,
    concatenate,
    dilate,
    is_above,
    to_planes,
    where,
)


@dataclass(frozen=True, eq=False)
class MaskInputs:
    """The inputs of the mask: what `mask.draw_mask_geometry` draws, (h, w) each, and the recipe's numbers."""

    distance: Value
    eyes: Value
    mouth: Value
    area: Value
    padding: Value
    ramp: Value
    keep_eyes: Value
    keep_mouth: Value
    hole: ResampleMatrices


def face_mask(inputs: MaskInputs) -> Value:
    """`mask.face_mask`: (h, w) in 0..1."""
    # In the order of `smoothstep`, of graph values.
    rise = ((inputs.distance - inputs.padding) / inputs.ramp).clip(0, 1)
    mask = rise * rise * (3 - 2 * rise)
    mask = mask * (1 - inputs.keep_eyes * soften(inputs.eyes, inputs.hole))
    mask = mask * (1 - inputs.keep_mouth * soften(inputs.mouth, inputs.hole))
    return mask * inputs.area


def soften(hole: Value, matrices: ResampleMatrices) -> Value:
    """`mask._soften`: a drawn hole (h, w) uint8 with soft edges, in 0..1."""
    return blur_levels(hole.cast("float32"), matrices) / 255


@dataclass(frozen=True, eq=False)
class CoverInputs:
    """The inputs that take away from the mask: the crop's own `cover`, as large as the mask, and `bare`."""

    cover: Value
    bare: Value
    bare_to_mask: TapPair
    keep_cover: Value


def subtract_cover(mask: Value, inputs: CoverInputs) -> Value:
    """The mask (h, w), less what the crop does not show, less what covers the face; as in `fuse.fuse_crop`."""
    mask = mask * (inputs.cover.cast("float32") / 255)
    return mask * (1 - inputs.keep_cover * (1 - inputs.bare_to_mask.apply(inputs.bare)))


def sharpen(rgb: Value, amount: Value, *, deep: bool) -> Value:
    """`sharpen.sharpen`: (3, h, w) in levels."""
    if deep:
        return rgb * (amount + 1) - blur_floats(rgb, SHARPEN_SIGMA_PIXELS) * amount
    blurred = blur_image(rgb, SHARPEN_SIGMA_PIXELS)
    return (rgb * (amount + 1) - blurred * amount).round().clip(0, 255)


@dataclass(frozen=True, eq=False)
class LightInputs:
    """The inputs of the light: both images and the brows, reduced to compare them, and the recipe's numbers."""

    target: Value
    swapped_image: Value
    mask_to_light: ResampleMatrices
    brows: Value
    fine: ResampleMatrices
    broad: ResampleMatrices
    strength: Value
    to_crop: TapPair


def match_light(rgb: Value, mask: Value, inputs: LightInputs, *, deep: bool) -> Value:
    """`fuse._match_light`: (3, h, w) in levels."""
    weight = inputs.mask_to_light.apply(mask) * (1 - inputs.brows.cast("float32") / 255)
    gain, offset = light_transfer(to_planes(inputs.target), to_planes(inputs.swapped_image), weight, inputs)
    out = rgb * inputs.to_crop.apply(gain) + inputs.to_crop.apply(offset)
    if deep:  # what is not lit is kept within its levels at the end alone
        return where(is_above(inputs.strength, 0), out.clip(0, 255), out)
    return out.round().clip(0, 255)


def light_transfer(
    target: Value, swapped_image: Value, weight: Value, inputs: LightInputs
) -> tuple[Value, Value]:
    """`colour.light_transfer`: gain and offset, (3, h, w) each."""
    fine = _LowFrequencies(target, swapped_image, weight, inputs.fine)
    broad = _LowFrequencies(target, swapped_image, weight, inputs.broad)
    tint = fine.ratio / fine.ratio.mean(0)
    gain = (tint * broad.ratio.mean(0)).clip(1 / MAX_GAIN, MAX_GAIN) ** inputs.strength
    contrast = (broad.details[0] / broad.details[1].maximum(1e-4)).clip(*CONTRAST_RANGE)
    contrast = contrast ** (inputs.strength * CONTRAST_SHARE)
    offset = broad.low_swapped * gain * (1 - contrast)
    return gain * contrast, offset


class _LowFrequencies:
    """`colour._LowFrequencies`: low frequencies of target and swapped crop, their ratio, the detail above."""

    def __init__(
        self, target: Value, swapped_image: Value, weight: Value, low_pass: ResampleMatrices
    ) -> None:
        near = low_pass.apply(weight) + 1e-3
        overall = weight.sum(-2, -1) + 1e-3
        lows, self.details = [], []
        for image in (target, swapped_image):
            mean = (image * weight).sum(-2, -1) / overall
            lows.append((low_pass.apply(image * weight) + 1e-3 * mean) / near)
            relative = (image - lows[-1]).mean(0) / (lows[-1].mean(0) + DARK_OFFSET_LEVELS)
            self.details.append(((relative * relative * weight).sum(-2, -1) / overall).sqrt())
        self.ratio = (lows[0] + DARK_OFFSET_LEVELS) / (lows[1] + DARK_OFFSET_LEVELS)
        self.low_swapped = lows[1]


def layer_pixels(
    rgb: Value, mask: Value, opacity: Value, alpha_to_full: TapPair, rgb_to_full: TapPair, *, deep: bool
) -> Value:
    """The last step of `fuse.fuse_crop`: (H, W, 4) uint8 or, where it is `deep`, float32.

    It is made from the crop's colours, its mask, and 255 x its opacity.
    """
    if deep:
        alpha = alpha_to_full.apply(mask * opacity)
        rgb = rgb_to_full.apply_cubic_floats(rgb)
    else:
        alpha = alpha_to_full.apply_linear_levels((mask * opacity + ROUND_HALF_UP_OFFSET).round())
        rgb = rgb_to_full.apply_cubic_levels(rgb)
    rim = is_above(dilate(alpha, RIM_PIXELS), 0)
    rgba = concatenate(alpha.graph, 0, rgb, alpha.unsqueeze(0))
    pixels = where(rim, rgba, rgba.graph.constant(np.zeros((), np.float32)))
    pixels = pixels.transpose(1, 2, 0)
    return pixels if deep else pixels.cast("uint8")
