# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenEXR files as OpenEXR's own library reads them."""

import numpy as np
import pytest


def read_exr_channels(path):
    """Return the channels of a file by their names, (H, W) float32; skips the test without OpenEXR's Python module."""
    openexr = pytest.importorskip("OpenEXR", reason="needs OpenEXR's Python module (pip install OpenEXR)")
    with openexr.File(str(path), separate_channels=True) as file:
        return {name: np.array(channel.pixels) for name, channel in file.channels().items()}


def stack_channels(channels, *names):
    """Return some channels as one image, (H, W, k)."""
    return np.stack([channels[name] for name in names], 2)
