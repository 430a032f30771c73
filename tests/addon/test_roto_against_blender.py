# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks are drawn as Blender's own Mask strip shows them, in every Blender: its alpha is ours, pixel by pixel."""

import cv2
import numpy as np
import pytest
from understudy.core.fusion.roto.raster import Window, draw_layers
from understudy.core.recipe.roto import BLENDS, FALLOFFS

from tests.core.roto_masks import first_mask_layers

pytestmark = [pytest.mark.blender, pytest.mark.in_turn, pytest.mark.every_blender]

WIDE = [0.08, 0.02]
CROSSING = [{"centre": (0.45, 0.5), "weights": [0.02]}, {"centre": (0.57, 0.5)}]
RINGS = [{"radius": 0.2, "weights": [0.01]}, {"radius": 0.1, "weights": [0.02], "clockwise": False}]


def one(**spline):
    """A mask of one layer with one spline."""
    return [{"splines": [spline]}]


MASKS = {
    "round": one(),
    "counterclockwise": one(clockwise=False, weights=[0.02]),
    "feather": one(weights=WIDE, points=5),
    "smooth offset": one(weights=[0.08, 0.03], offset_mode="SMOOTH"),
    "smooth offset, open": one(weights=[0.05, 0.02], offset_mode="SMOOTH", use_cyclic=False),
    "ease": one(weights=WIDE, points=5, weight_interpolation="EASE"),
    "vector": one(handles="VECTOR", points=7, weights=[0.01]),
    "auto": one(handles="AUTO", points=5),
    "stroke": one(weights=[0.03], use_cyclic=False, use_fill=False),
    "ring": one(weights=[0.03, 0.01], use_fill=False),
    "open": one(weights=[0.03], use_cyclic=False),
    "over the edge": one(centre=(0.05, 0.45), radius=0.2, weights=[0.05]),
    "no hole": [{"splines": RINGS, "use_fill_overlap": False}],
    "hole": [{"splines": RINGS, "use_fill_holes": True, "use_fill_overlap": False}],
    "hole, overlap": [{"splines": RINGS, "use_fill_holes": True}],
    "crossing": [{"splines": CROSSING}],
    "crossing, no overlap": [{"splines": CROSSING, "use_fill_overlap": False}],
    "two": [{"splines": [{"centre": (0.3, 0.5), "weights": [0.02]}, {"centre": (0.7, 0.5), "radius": 0.1}]}],
}
for blend in BLENDS:
    below = {"splines": [{"centre": (0.45, 0.5), "weights": [0.04]}], "alpha": 0.8}
    above = {"splines": [{"centre": (0.6, 0.5), "weights": [0.03]}], "alpha": 0.6, "blend": blend.upper()}
    MASKS[blend] = [below, {**above, "invert": blend in ("mul", "darken")}]
for falloff in FALLOFFS:
    MASKS[falloff] = [{"splines": [{"weights": [0.1], "radius": 0.12}], "falloff": falloff.upper()}]
SIZES = {"landscape": (480, 270), "portrait": (200, 320), "square": (240, 240)}


def difference(image, roto, size, frame=0):
    """How far a mask is from what Blender shows, in 255ths, pixel by pixel."""
    ours = draw_layers(first_mask_layers(roto, frame), Window(size, 0, 0, *size))
    shown = cv2.imread(str(image), cv2.IMREAD_UNCHANGED).astype(int)
    assert shown.shape == ours.shape
    return np.abs(shown - np.floor(ours * 255)), shown


def test_every_kind_of_mask_is_blenders(every_blender):
    sizes = {name: list(SIZES) if name in ("round", "feather", "stroke") else ["landscape"] for name in MASKS}
    wanted = [(name, size) for name in MASKS for size in sizes[name]]
    out = str(every_blender.folder / "mask_{}.png")
    answers = every_blender(
        *(["draw_mask", {"name": name, "layers": layers}] for name, layers in MASKS.items()),
        *(
            ["render_mask", {"name": name, "out": out.format(place), "size": SIZES[size]}]
            for place, (name, size) in enumerate(wanted)
        ),
        *(["mask_text", {"name": name}] for name in MASKS),
    )
    texts = dict(zip(MASKS, answers[-len(MASKS) :], strict=True))
    for place, (name, size) in enumerate(wanted):
        off, shown = difference(out.format(place), texts[name], SIZES[size])
        assert 0.01 < shown.mean() / 255 < 0.9, name
        # Less than 0.1 %: those are pixels whose middle is on an outline.
        assert (off > 2).mean() <= 0.0003, (name, size, (off > 2).mean())


def test_keyframes_of_a_mask_are_blenders(every_blender):
    """Shapes that are keyed, on their frames, between and beyond them; opacity that is keyed."""
    out = str(every_blender.folder / "key_{}.png")
    frames = (5, 10, 13, 20, 30)
    answers = every_blender(
        ["draw_mask", {"name": "moves", "layers": one(points=5, weights=WIDE)}],
        ["key_mask", {"name": "moves", "frame": 10}],
        ["move_mask", {"name": "moves", "by": [0.1, 0.05], "turn": 0.9}],
        ["key_mask", {"name": "moves", "frame": 20}],
        ["fade_mask", {"name": "moves", "values": {"8": 1.0, "16": 0.5}}],
        *(
            ["render_mask", {"name": "moves", "out": out.format(frame), "size": [480, 270], "frame": frame}]
            for frame in frames
        ),
        ["mask_text", {"name": "moves", "start": 0}],
    )
    for frame in frames:
        off, shown = difference(out.format(frame), answers[-1], (480, 270), frame)
        assert shown.max() > 100
        assert (off > 2).mean() <= 0.001, (frame, (off > 2).mean(), off.max())
