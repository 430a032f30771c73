# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench of neural swaps: its stand-ins are taken for what they stand for, and its figures are compared rightly."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from understudy.core.models.library import ModelLibrary
from understudy.core.models.session import ModelPool

from tools.bench_neural import networks
from tools.bench_neural.differences import layer_differences
from tools.bench_neural.gpu import fix
from tools.bench_neural.table import ratios


def test_stand_ins_are_models_of_their_families_and_draw_images_of_finite_numbers(tmp_path: Path) -> None:
    networks.write_swapper(tmp_path / "swapper.onnx", blocks=1, width=4)
    networks.write_enhancer(tmp_path / "enhancer.onnx", width=4, style=8)
    networks.write_recogniser(tmp_path / "recogniser.onnx", blocks=1)
    library, random = ModelLibrary([tmp_path]), np.random.default_rng(1)
    feeds = {
        ("swap", "inswapper"): {"target": (1, 3, 128, 128), "source": (1, 512)},
        ("enhance", "gfpgan"): {"input": (1, 3, 512, 512)},
        ("embed", "arcface"): {"input.1": (1, 3, 112, 112)},
    }
    for family, shapes in feeds.items():
        values = {name: random.random(shape, np.float32) for name, shape in shapes.items()}
        (drawn,) = ModelPool(1).run_all(library.model(*family), values)
        assert np.isfinite(drawn).all()
        assert 0.01 < drawn.std() < 10


def test_layers_are_compared_where_both_have_cover(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, level in ((one, 100), (other, 103)):
        folder.mkdir()
        image = np.zeros((4, 4, 4), np.uint8)
        image[:2] = (level, 100, 100, 255)
        image[2:, :, 0] = level * 2 - 100  # no cover: of no matter
        cv2.imwrite(str(folder / "000000.tif"), image)
    assert layer_differences(one, other) == {"max": 3.0, "mean": 1.0}
    assert layer_differences(one, tmp_path) == {}


def test_providers_are_compared_by_what_a_frame_takes() -> None:
    def passes(cold: float, source: float) -> dict[str, dict[str, float]]:
        return {"cold": {"cpu_s": cold, "frames": 2}, "source": {"cpu_s": source, "frames": 4}}

    report = {
        "passes": {"cpu": passes(8, 8), "openvino-bf16": passes(4, 6)},
        "nets_alone": {"cpu": {"cpu_s": 10, "faces": 5}, "openvino-bf16": {"cpu_s": 2, "faces": 1}},
    }
    assert ratios(report) == {
        "cpu": {"cold_vs_nets": 2.0, "cold_vs_cpu": 1.0, "source_vs_cpu": 1.0},
        "openvino-bf16": {"cold_vs_nets": 1.0, "cold_vs_cpu": 0.5, "source_vs_cpu": 0.75},
    }


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("libcudnn.so.9: cannot open shared object file", "cuDNN 9"),
        ("ONNX Runtime could not start it; its libraries may be missing", "nvidia-smi"),
        ("Please install TensorRT libraries as mentioned in the GPU requirements page", "TensorRT 10"),
        ("/x/.venv-neural-cuda can't be made: no such host", "with a network"),
        ("something else", "docs/processors.md"),
    ],
)
def test_what_fails_on_a_graphics_processor_is_followed_by_what_fixes_it(reason: str, expected: str) -> None:
    assert expected in fix(reason)
