# SPDX-License-Identifier: GPL-3.0-or-later
"""What a farm rendered, compared with what one process renders."""

import json

import cv2
import numpy as np

ANALYSES = ("detect", "landmark", "embed")


def images_of(folder):
    """The images in a folder by name, (H, W, 3)."""
    return {path.name: cv2.imread(str(path)) for path in sorted(folder.glob("*.png"))}


def assert_equal_images(folder, other):
    """Hold that two folders have the same images, to the pixel."""
    one, two = images_of(folder), images_of(other)
    assert one
    assert one.keys() == two.keys()
    assert [name for name in one if not np.array_equal(one[name], two[name])] == []


def reports_in(folder):
    """The reports of a folder's tasks, by first frame and name."""
    reports = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return sorted(reports, key=lambda report: report["task"]["first"])


def run_counts(reports, stages=ANALYSES):
    """How often tasks ran each of the stages, all together."""
    counts = dict.fromkeys(stages, 0)
    for report in reports:
        for stage in stages:
            counts[stage] += (report["render"] or {}).get("stages", {}).get(stage, {}).get("run", 0)
    return counts
