# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for what previews compare: where a strip's pixels are, what the operator and a loaded file set."""

from types import SimpleNamespace

import bpy
import numpy as np
from steps import _scene, _strip, op
from understudy.addon.layers.jobs import jobs_at
from understudy.addon.preview.compared_take import compared_take
from understudy.addon.preview.comparison import ComparisonReader
from understudy.addon.properties.compare_state import compare_state
from understudy.addon.sequencer.placement import preview_placement
from understudy.addon.ui.compare_overlay import compare_reason, take_reason


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


def compare_with(index):
    """Compare with a take of the first modifier, or with the original for -1; returns the mode."""
    op("understudy.compare_with", active="clip", index=index)
    return compare_state().mode


def compared_take_facts(out=None):
    """What the visible frame of the first strip is compared with; its pixels in the file `out`, if they are shown."""
    scene = _scene()
    take, reader = compared_take(scene), ComparisonReader()
    facts = {"reason": take_reason(take), "names": take and [take.name, take.shown_name]}
    (job,) = jobs_at(scene, scene.frame_current, preview=True)
    other = take and take.job(job)
    if out is not None:
        comparison = reader.comparison(job, 60.0, other.layer_path)[1]
        np.savez(out, other=comparison.other, result=comparison.result)
    reader.close()
    return facts


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
