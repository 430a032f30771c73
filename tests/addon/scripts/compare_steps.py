# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for what previews compare: where a strip's pixels are, what the operator and a loaded file set."""

from types import SimpleNamespace

import bpy
from steps import _scene, _strip, op
from understudy.addon.properties.compare_state import compare_state
from understudy.addon.sequencer.placement import preview_placement
from understudy.addon.ui.compare_overlay import compare_reason


def placed(name, size, points):
    """Where points of a strip's frame are in the preview's coordinates; they count from its middle."""
    placement = preview_placement(_scene(), _strip(name), tuple(size))
    return [placement.apply(*point) for point in points]


def flips(modes):
    """Flip to the original and back from modes; returns the mode after each."""
    results = []
    for mode in modes:
        compare_state().mode = mode
        for _ in range(2):
            op("understudy.compare_flip")
            results.append(compare_state().mode)
    return results


def compared(mode=None):
    """The mode and the line, after setting a mode where one is given."""
    if mode is not None:
        compare_state().mode, compare_state().split = mode, 0.2
    return [compare_state().mode, round(compare_state().split, 3)]


def compare_reasons(settings):
    """Why nothing can be compared with each of some view settings, then with the scene's own."""
    scene = bpy.context.scene
    plain = {
        "view_transform": "Standard", "look": "None", "use_curve_mapping": False, "exposure": 0.0, "gamma": 1.0,
    }  # fmt: skip
    views = [SimpleNamespace(**{**plain, **other}) for other in settings]
    return [
        *(compare_reason(SimpleNamespace(view_settings=view, render=scene.render)) for view in views),
        compare_reason(scene),
    ]
