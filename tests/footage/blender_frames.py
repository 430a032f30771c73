# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of clips as Blender's sequencer shows them, and how far others are from them."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

# Largest difference allowed, in steps of 1/255. Made clips and footage measure 0 at 8 bits and 0.004 above.
MAX_DIFFERENCE_BY_BITS = {8: 1.0, 16: 2.0}
_SCRIPT = Path(__file__).with_name("show_strips.py")


def show(folder, clips):
    """Have Blender render the clips' frames; returns its facts and a reader of its pictures."""
    job = folder / "job.json"
    job.write_text(json.dumps({"out": str(folder), "clips": clips}))
    done = subprocess.run(
        [sys.executable, _SCRIPT, job],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    facts = json.loads((folder / "facts.json").read_text())

    def picture(name, frame):
        pixels = cv2.imread(str(folder / f"{name}_{frame}.png"), cv2.IMREAD_UNCHANGED)
        assert pixels is not None, f"Blender wrote no frame {frame} of {name}"
        return pixels[..., ::-1]

    return facts, picture


def request_for(name, files, clip, frames):
    info = clip.info
    return {
        "name": name,
        "files": [str(file) for file in files],
        "frames": list(frames),
        "depth": info.bit_depth,
        "size": [info.width, info.height],
    }


def largest_difference(ours, theirs):
    """In steps of 1/255."""
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    return np.abs(ours.astype(np.float64) - theirs).max() * 255 / np.iinfo(ours.dtype).max
