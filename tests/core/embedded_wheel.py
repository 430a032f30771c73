# SPDX-License-Identifier: GPL-3.0-or-later
"""The pinned wheel and the models built from it."""

from pathlib import Path

import onnxruntime
import pytest
from understudy.tools.embedded_models import build as building
from understudy.tools.embedded_models.sources import MEDIAPIPE, SOURCES

REPOSITORY = Path(__file__).resolve().parents[2]
WHEELS = REPOSITORY / "build" / "wheels"

BLAZE, MESH, SELFIE = (source.file for source in SOURCES)
ORACLES = {
    BLAZE: "detect/mp_blazeface_full_192.onnx",
    MESH: "landmark/mp_facemesh478_attention_192.onnx",
    SELFIE: "mask/mp_selfie_256.onnx",
}

needs_wheel = pytest.mark.skipif(
    not (WHEELS / MEDIAPIPE.file).is_file(),
    reason="build/wheels has no mediapipe wheel: run python -m tools.embedded_models first",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    output = tmp_path_factory.mktemp("models") / "deep" / "models"
    assert building.build(output, WHEELS) is True
    return output


def session(content):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
