# SPDX-License-Identifier: GPL-3.0-or-later
"""A farm of CPUs and graphics processors: neither takes what the other computed for its own, both draw the same."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import make_up_portrait, write_picture, write_sequence
from models import stand_in_swappers as stand_ins
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.fusion.patch import Patch
from understudy.core.media.open import open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import ModelLibrary
from understudy.core.models.model_file import ModelFile
from understudy.core.models.processor import Processor, ProviderOptions, available_providers, open_session
from understudy.core.models.processor_choice import select_processor
from understudy.core.models.session import ModelPool
from understudy.core.pipeline import pipeline as pipeline_module
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.plan import LayerPlan
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.reporting.stage_counts import Report

from tools.bench_neural import networks

MESH_SETTINGS = ("occlude.masker=selfie",)
NEURAL_SETTINGS = ("swap.swapper=inswapper", "fusion.mask_shape=box")
ENHANCER_SETTINGS = ("enhance.enhancer=gpen-256",)


class CpuSessionPool(ModelPool):
    """Stands in for a processor that is not here: it is named in keys and fuses by the graph, but sums on the CPU."""

    processor = Processor("coreml")

    def _create_session(self, data: bytes, name: str, chain: ProviderOptions):
        assert chain[0][0] == self.processor.provider
        return open_session(data, Processor(), 1, Processor().options(None, exact=True))


class Farm:
    """One clip, one source, one cache; machines with and without a graphics processor."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.frames = write_sequence(folder / "clip", 1)
        self.picture = write_picture(folder / "source.png", make_up_portrait())
        self.models = folder / "models"
        stand_ins.write_swapper(self.models, "inswapper")
        path = stand_ins.write_enhancer(self.models / "gpen.onnx", 256, weight=False)
        stand_ins.state(path, "enhance/gpen-256")
        self.store = MemoryStore(64 << 20)
        self._patch = monkeypatch

    def render(self, pool: type[ModelPool], settings: tuple[str, ...]) -> tuple[LayerPlan, Patch, Report]:
        self._patch.setattr(pipeline_module, "ModelPool", pool)
        casting = SwapRequest(Identity((FaceImage(self.picture),)), with_settings(Recipe(), list(settings)))
        with open_sequence(self.frames) as clip:
            pipeline = Pipeline(self.store, embedded_models(), 1, library=ModelLibrary([self.models]))
            plan = pipeline.plan(clip, 0, [casting])
            patch = pipeline.execute(plan)
            report = pipeline.report()
            pipeline.close()
        assert patch is not None
        return plan, patch, report


def count_runs(report: Report) -> set[str]:
    return {stage for stage, counts in report.stages.items() if counts["run"]}


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [MESH_SETTINGS, NEURAL_SETTINGS, ENHANCER_SETTINGS],
    ids=["mesh and masker", "neural", "enhanced"],
)
def test_neither_takes_the_others_results_and_both_draw_the_same(settings, tmp_path, monkeypatch) -> None:
    farm = Farm(tmp_path, monkeypatch)
    plan, patch, report = farm.render(ModelPool, settings)
    other_plan, other_patch, other_report = farm.render(CpuSessionPool, settings)
    # What is cut from the frame by points that came out alike is the same wherever it was cut.
    assert count_runs(other_report) == count_runs(report) - {"target"}
    assert {"detect", "landmark", "swap", "fuse"} <= count_runs(other_report)
    assert np.abs(patch.pixels.astype(int) - other_patch.pixels).max() <= 1

    (face,), (other,) = plan.faces, other_plan.faces
    stages = ("swap", "occlude", "enhance", "fuse")
    keys = [(getattr(face, stage), getattr(other, stage)) for stage in stages]
    assert all(mine != theirs for mine, theirs in keys if mine is not None)
    assert "processor" not in face.fuse.text
    assert "\nprocessor=coreml\n" in other.fuse.text
    assert "graph=" in other.fuse.text

    again, repeated, warm = farm.render(CpuSessionPool, settings)
    assert again.key == other_plan.key
    assert count_runs(warm) == {"fuse"}
    assert warm.models_loaded == 0
    assert np.array_equal(repeated.pixels, other_patch.pixels)


class FullPrecisionPool(CpuSessionPool):
    """OpenVINO on the CPU, in 32 bits."""

    processor = Processor("openvino-cpu")


class Bfloat16Pool(CpuSessionPool):
    """The same, where images are drawn in bfloat16."""

    processor = Processor("openvino-bf16")


@pytest.mark.slow
def test_another_processor_runs_what_it_can_alter_and_going_back_runs_nothing(tmp_path, monkeypatch) -> None:
    farm = Farm(tmp_path, monkeypatch)
    settings = (*NEURAL_SETTINGS, *ENHANCER_SETTINGS, *MESH_SETTINGS)
    first_plan, _, first = farm.render(ModelPool, settings)
    plan, _, exact = farm.render(FullPrecisionPool, settings)
    other_plan, _, reduced = farm.render(Bfloat16Pool, settings)
    # What is cut from the frame by points that came out alike is the same wherever it was cut.
    assert count_runs(exact) == count_runs(first) - {"target"}
    assert count_runs(reduced) == {"swap", "enhance", "fuse"}
    (face,), (other,) = plan.faces, other_plan.faces
    assert face.occlude == other.occlude is not None
    assert "\nprocessor=openvino-bf16\n" in other.swap.text
    assert "\nprocessor=openvino-cpu\n" in other.occlude.text

    for pool, before in ((FullPrecisionPool, plan), (ModelPool, first_plan), (Bfloat16Pool, other_plan)):
        again, _, back = farm.render(pool, settings)
        assert again.key == before.key  # by which a session finds the layer: a pipeline alone fuses it anew
        assert count_runs(back) == {"fuse"}
        assert back.models_loaded == 0


class ExactOpenVinoPool(ModelPool):
    """OpenVINO itself on the CPU, in 32 bits."""

    processor = Processor("openvino-cpu")


class ReducedOpenVinoPool(ModelPool):
    """OpenVINO itself, where images are drawn in bfloat16."""

    processor = Processor("openvino-bf16")


@pytest.mark.slow
@pytest.mark.skipif(
    "openvino-cpu" not in available_providers(),
    reason="this ONNX Runtime has no OpenVINO: `make test-openvino` runs this in an environment with it",
)
def test_openvino_itself_draws_what_onnx_runtime_draws(tmp_path, monkeypatch) -> None:
    farm = Farm(tmp_path, monkeypatch)
    settings = (*NEURAL_SETTINGS, *ENHANCER_SETTINGS, *MESH_SETTINGS)
    _, plain, _ = farm.render(ModelPool, settings)
    exact_plan, exact, _ = farm.render(ExactOpenVinoPool, settings)
    reduced_plan, _, report = farm.render(ReducedOpenVinoPool, settings)
    # Points that are a hundredth of a pixel elsewhere move edges. Colors without cover count for nothing.
    assert np.abs(over_black(plain) - over_black(exact)).mean() < 0.5
    assert count_runs(report) == {"swap", "enhance", "fuse"}
    assert exact_plan.faces[0].occlude == reduced_plan.faces[0].occlude
    _, _, back = farm.render(ModelPool, settings)
    assert count_runs(back) == {"fuse"}
    assert back.models_loaded == 0


def over_black(patch: Patch) -> np.ndarray:
    return patch.pixels[..., :3] * (patch.pixels[..., 3:] / 255)


needs_bfloat16 = pytest.mark.skipif(
    "openvino-cpu" not in available_providers() or select_processor(["openvino-bf16"])[1] != (),
    reason="this ONNX Runtime has no OpenVINO, or this CPU no bfloat16",
)


@needs_bfloat16
def test_openvino_itself_reduces_what_may_be_reduced_and_nothing_else(tmp_path) -> None:
    model = ModelFile(networks.write_swapper(tmp_path / "swapper.onnx", blocks=1, width=16))
    random = np.random.default_rng(1)
    feeds = {
        "target": random.random((1, 3, 128, 128), np.float32),
        "source": random.standard_normal((1, 512), np.float32),
    }
    plain, exact, reduced = (
        ModelPool(1, [name]).run(model, feeds, ("output",), exact=False)[0]
        for name in ("cpu", "openvino-cpu", "openvino-bf16")
    )
    assert np.abs(plain - exact).max() < 1e-4
    # How far real networks are off, docs/processors.md says; this one is small.
    assert 1e-4 < np.abs(exact - reduced).max() < 8 / 255
    kept = ModelPool(1, ["openvino-bf16"]).run(model, feeds, ("output",), exact=True)[0]
    assert np.array_equal(kept, exact)


@pytest.mark.slow  # 850 MB of stand-ins, of which each is opened twice
@needs_bfloat16
@pytest.mark.parametrize(("write", "size"), [(networks.write_swapper, 128), (networks.write_enhancer, 512)])
def test_bfloat16_keeps_to_the_bound_that_is_stated_of_networks_of_real_size(write, size, tmp_path) -> None:
    model = ModelFile(write(tmp_path / "network.onnx"))
    picture = cv2.resize(make_up_portrait(), (size, size), interpolation=cv2.INTER_AREA)
    image = np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32) / 255
    feeds = {"input": image * 2 - 1}
    if write is networks.write_swapper:
        feeds = {
            "target": image,
            "source": np.random.default_rng(1).standard_normal((1, 512)).astype(np.float32),
        }
    exact, reduced = (
        ModelPool(2, [name]).run(model, feeds, ("output",), exact=False)[0]
        for name in ("openvino-cpu", "openvino-bf16")
    )
    levels = 255 if exact.min() >= 0 else 127.5
    assert exact.std() * levels > 20  # what is nearly one color comes out nearly right, whatever is rounded
    apart = np.abs(exact - reduced) * levels
    assert 0.01 < apart.mean() < 0.6
    assert np.quantile(apart, 0.999) < 5
