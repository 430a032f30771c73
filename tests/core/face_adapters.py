# SPDX-License-Identifier: GPL-3.0-or-later
"""Model adapters over files that the tests write, and one picture with a face."""

from pathlib import Path

import numpy as np
import pytest
from understudy.core.analysis.model_adapters import ModelAdapters
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.media.open import open_clip
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import ModelLibrary
from understudy.core.models.session import ModelPool
from understudy.core.models.statement import statement_path

TOPOLOGY = load_topology()
RANDOM = np.random.default_rng(4)
PICTURE = RANDOM.integers(0, 256, (360, 640, 3), np.uint8)
FIVE = np.array([[250, 150], [320, 155], [285, 190], [258, 225], [312, 228]], np.float32)


def engines_with(folder: Path, **files: Path) -> ModelAdapters:
    """Engines over a folder whose files are said to be what the keywords name, as embed__arcface=path."""
    for name, path in files.items():
        statement_path(path).write_text(f'family = "{name.replace("__", "/").replace("_", "-")}"')
    return ModelAdapters(embedded_models(), ModelLibrary([folder]), ModelPool(1), TOPOLOGY)


@pytest.fixture(scope="module")
def real(shared: Path) -> ModelAdapters:
    return ModelAdapters(embedded_models(), ModelLibrary([shared / "models"]), ModelPool(2), TOPOLOGY)


@pytest.fixture(scope="module")
def frame(shared: Path) -> np.ndarray:
    with open_clip(shared / "footage" / "02_single_calm_movingcam_720p.mp4") as clip:
        return np.asarray(clip.read(30), np.uint8)
