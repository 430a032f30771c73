# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks for tests, as the JSON text of requests, and what is drawn of them."""

import json

from understudy.core.fusion.roto.raster import DrawnLayer
from understudy.core.fusion.roto.shapes import layer_points, opacity_at
from understudy.core.recipe.roto_text import parse_roto

WIDTH, HEIGHT = 480, 360


def to_mask(x, y, width=WIDTH, height=HEIGHT):
    """Bring a place of the frame, in pixels from its upper left corner, to the numbers of masks."""
    longer = max(width, height)
    return [(x - width / 2) / longer + 0.5, (height / 2 - y) / longer + 0.5]


def rectangle(left, top, right, bottom):
    """The corners of a rectangle in pixels, clockwise."""
    return [to_mask(x, y) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))]


def mask(*shapes, mode="subtract", follow="none", **more):
    """A mask of one spline; shapes are (frame, points)."""
    keys = [{"frame": frame, "splines": [points]} for frame, points in shapes]
    return {"mode": mode, "follow": follow, "layers": [{"splines": [{}], "shapes": keys}], **more}


def text(*masks):
    """The text of masks."""
    return json.dumps({"masks": list(masks)})


def first_mask_layers(roto, number=0):
    """The layers of a text's first mask in a frame, where they were drawn."""
    (first, *_) = parse_roto(roto)
    return [
        DrawnLayer(layer, layer_points(layer, number, lambda shape: shape.splines), opacity_at(layer, number))
        for layer in first.layers
    ]
