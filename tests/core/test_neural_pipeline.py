# SPDX-License-Identifier: GPL-3.0-or-later
"""A neural swap through the whole pipeline: what a change re-runs, and that fusion takes what it gets."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import make_up_portrait, portrait, write_picture, write_sequence
from models import stand_in_swappers as stand_ins
from understudy.core.cache.maintenance.lineage import derived_from, untraceable_digests, walk_entries
from understudy.core.cache.tiers import open_local
from understudy.core.errors import ModelError
from understudy.core.fusion.patch import Patch, composite_on_frame
from understudy.core.media.open import open_clip, open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import ModelLibrary
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.reporting.stage_counts import Report

COUNT = 3
NEURAL_SETTINGS = ("swap.swapper=inswapper",)
ENHANCER_SETTINGS = (*NEURAL_SETTINGS, "enhance.enhancer=gpen-256")


class Project:
    """A clip, two sources, stand-in models and a cache folder, and runs over them as separate processes do."""

    def __init__(self, folder: Path) -> None:
        self.frames = write_sequence(folder / "clip", COUNT)
        self.green = write_picture(folder / "green.png", make_up_portrait())
        self.plain = write_picture(folder / "plain.png", portrait())
        self.cache, self.models = folder / "cache", folder / "models"
        for family in ("inswapper", "hyperswap", "uniface"):
            stand_ins.write_swapper(self.models, family)
        for family, size in (("gpen-256", 256), ("codeformer", 512)):
            path = stand_ins.write_enhancer(
                self.models / f"stand_in_{family}.onnx", size, weight=family == "codeformer"
            )
            stand_ins.state(path, f"enhance/{family}")

    def run(
        self, settings: tuple[str, ...], picture: Path | None = None, cache: Path | None = None
    ) -> tuple[list[Patch | None], Report]:
        recipe = with_settings(Recipe(), list(settings))
        casting = SwapRequest(Identity((FaceImage(picture or self.green),)), recipe)
        memory, _ = open_local(cache or self.cache, 64 << 20, schemas=STAGE_SCHEMAS)
        with open_sequence(self.frames) as clip:
            pipeline = Pipeline(memory, embedded_models(), 1, library=ModelLibrary([self.models]))
            pipeline.check([casting])
            patches = [pipeline.execute(pipeline.plan(clip, n, [casting])) for n in range(COUNT)]
            report = pipeline.report()
            pipeline.close()
        memory.close()
        return patches, report


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that was swapped once with the stand-in inswapper and once enhanced."""
    project = Project(tmp_path_factory.mktemp("made"))
    project.run(NEURAL_SETTINGS)
    project.run(ENHANCER_SETTINGS)
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Iterator[Project]:
    twin = object.__new__(Project)
    twin.__dict__ = {**made.__dict__, "cache": tmp_path / "cache", "models": tmp_path / "models"}
    shutil.copytree(made.cache, twin.cache)
    shutil.copytree(made.models, twin.models)
    yield twin
    shutil.rmtree(twin.cache)


def count_runs(report: Report) -> dict[str, int]:
    return {stage: int(counts["run"]) for stage, counts in report.stages.items() if counts["run"]}


def patches_equal(patches: list[Patch | None], others: list[Patch | None]) -> bool:
    return all(
        a is not None and b is not None and np.array_equal(a.pixels, b.pixels)
        for a, b in zip(patches, others, strict=True)
    )


@pytest.mark.slow
def test_cold_runs_every_stage_once_a_frame_and_again_runs_fusion_alone(tmp_path: Path) -> None:
    project = Project(tmp_path)
    patches, report = project.run(NEURAL_SETTINGS)
    assert count_runs(report) == {
        "detect": COUNT,
        "landmark": COUNT,
        "embed": COUNT,
        "swap": COUNT,
        "fuse": COUNT,
    }
    # The embedded detector and landmarker, the recogniser and the swapper.
    assert report.models_loaded == 4
    assert report.frames_decoded >= COUNT
    warm, again = project.run(NEURAL_SETTINGS)
    assert count_runs(again) == {"fuse": COUNT}
    assert (again.models_loaded, again.frames_decoded) == (0, 0)
    assert patches_equal(patches, warm)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (("fusion.blend=0.5",), {"fuse"}),
        (("fusion.mask_shape=box",), {"fuse"}),
        (("fusion.openings=always",), {"fuse"}),
        (("swap.crop_size=128",), {"fuse"}),
        (("swap.morph=0.2",), {"fuse"}),
        (("swap.pixel_boost=2",), {"swap", "fuse"}),
        (("swap.identity=0.8",), {"swap", "fuse"}),
        (("swap.swapper=hyperswap",), {"swap", "fuse"}),
        (("swap.swapper=uniface",), {"swap", "fuse"}),
        (("swap.swapper=mesh",), {"swap", "fuse"}),
        (("enhance.enhancer=gpen-256",), {"fuse"}),
        (("enhance.enhancer=gpen-256", "fusion.enhancer_blend=0.1"), {"fuse"}),
        (("enhance.enhancer=gpen-256", "enhance.weight=0.1"), {"fuse"}),
        (("enhance.enhancer=codeformer",), {"enhance", "fuse"}),
        (("enhance.enhancer=gpen-256", "swap.pixel_boost=2"), {"swap", "enhance", "fuse"}),
        (("enhance.enhancer=gpen-256", "swap.swapper=mesh"), {"swap", "enhance", "fuse"}),
    ],
)
def test_a_change_re_runs_its_own_stages_and_no_other(
    project: Project, settings: tuple[str, ...], expected: set[str]
) -> None:
    patches, report = project.run((*NEURAL_SETTINGS, *settings))
    assert count_runs(report) == dict.fromkeys(expected, COUNT)
    if expected == {"fuse"}:
        assert (report.frames_decoded, report.models_loaded) == (0, 0)
    if settings != ("swap.morph=0.2",):
        assert not patches_equal(patches, project.run(NEURAL_SETTINGS)[0])


def test_another_source_re_runs_the_swap_alone_and_the_first_is_still_known(project: Project) -> None:
    before, _ = project.run(NEURAL_SETTINGS)
    patches, report = project.run(NEURAL_SETTINGS, project.plain)
    assert count_runs(report) == {"swap": COUNT, "fuse": COUNT}
    assert not patches_equal(patches, before)
    back, again = project.run(NEURAL_SETTINGS)
    assert count_runs(again) == {"fuse": COUNT}
    assert patches_equal(back, before)


def test_a_replaced_model_file_re_swaps_and_nothing_before_it(project: Project) -> None:
    stand_ins.write_recogniser(project.models / "stand_in_arcface.onnx", seed=8)
    _, report = project.run(NEURAL_SETTINGS)
    assert count_runs(report) == {"swap": COUNT, "fuse": COUNT}
    stand_ins.write_recogniser(project.models / "stand_in_arcface.onnx")
    assert count_runs(project.run(NEURAL_SETTINGS)[1]) == {"fuse": COUNT}


def test_the_layer_shows_the_networks_face_and_nothing_around_it(project: Project) -> None:
    """The stand-in keeps three quarters of the target and tints it: so does the layer, inside the oval only."""
    patches, _ = project.run((*NEURAL_SETTINGS, "fusion.colour_match=0", "fusion.keep_cover=0"))
    with open_sequence(project.frames) as clip:
        for number, patch in enumerate(patches):
            assert patch is not None
            frame = np.asarray(clip.read(number))
            result = composite_on_frame(frame, patch)
            solid = patch.pixels[..., 3] == 255
            rows = slice(patch.top, patch.top + patch.pixels.shape[0])
            columns = slice(patch.left, patch.left + patch.pixels.shape[1])
            own, new = frame[rows, columns][solid] / 255, result[rows, columns][solid] / 255
            assert solid.sum() > 3000
            tints = new - stand_ins.KEEP * own
            # One tint for the whole face: what varies is grain that 128 pixels can't show.
            assert tints.std(0).max() < 0.03
            outside = np.ones(frame.shape[:2], bool)
            outside[rows, columns] = False
            assert np.array_equal(result[outside], frame[outside])


@pytest.mark.slow
def test_two_faces_of_one_frame_are_swapped_like_each_alone(project: Project, tmp_path: Path) -> None:
    face = portrait()[:260, 100:340]
    both = write_picture(tmp_path / "both.png", np.ascontiguousarray(np.hstack([face, face[:, ::-1]])))
    stand_ins.write_vector_swapper(project.models / "stand_in_hyperswap.onnx", 256, batch="batch", mask=True)

    def layer(which: str, cache: str) -> tuple[np.ndarray, Report]:
        recipe = with_settings(Recipe(), ["swap.swapper=hyperswap", f"select.which={which}"])
        casting = SwapRequest(Identity((FaceImage(project.green),)), recipe)
        memory, _ = open_local(tmp_path / cache, 64 << 20, schemas=STAGE_SCHEMAS)
        with open_clip(both) as clip:
            pipeline = Pipeline(memory, embedded_models(), 1, library=ModelLibrary([project.models]))
            patch = pipeline.execute(pipeline.plan(clip, 0, [casting]))
            picture = composite_on_frame(np.asarray(clip.read(0)), patch)
            report = pipeline.report()
            pipeline.close()
        memory.close()
        return picture, report

    together, report = layer("all", "together")
    assert report.stages["swap"]["run"] == 2
    left, right = (layer(which, which)[0] for which in ("leftmost", "rightmost"))
    half = together.shape[1] // 2
    assert np.array_equal(together[:, :half], left[:, :half])
    assert np.array_equal(together[:, half:], right[:, half:])


def test_purging_a_source_image_finds_every_crop_made_with_it(project: Project) -> None:
    project.run((*NEURAL_SETTINGS, "swap.identity=0.9"), project.plain)
    project.run(("swap.swapper=uniface",), project.plain)
    memory, folder = open_local(project.cache, 64 << 20, schemas=STAGE_SCHEMAS)
    with open_clip(project.plain) as clip, open_clip(project.green) as other:
        chosen, others = clip.clip_id, other.clip_id
    assert not untraceable_digests(lambda: walk_entries(folder))
    matches, _ = derived_from(lambda: walk_entries(folder), [chosen])
    kept, _ = derived_from(lambda: walk_entries(folder), [others])
    stages: dict[str, int] = {}
    for entry in folder.entries():
        stage = next(line for line in entry.text.splitlines() if line.startswith("stage="))
        if matches(entry.text):
            stages[stage] = stages.get(stage, 0) + 1
            assert not kept(entry.text)
    memory.close()
    assert stages["stage=swap"] == 2 * COUNT
    assert stages["stage=source_vector"] == 1
    assert stages["stage=source"] == 2


def test_without_the_models_the_casting_is_refused_with_what_to_do(project: Project) -> None:
    shutil.rmtree(project.models)
    with pytest.raises(ModelError, match=r"no inswapper 128 model .* was found: put inswapper_128\.onnx"):
        project.run(NEURAL_SETTINGS)
    with pytest.raises(ModelError, match=r"no GPEN 256 model .* was found"):
        project.run(("enhance.enhancer=gpen-256",))


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        ENHANCER_SETTINGS,
        (*NEURAL_SETTINGS, "fusion.mask_shape=box", "fusion.sharpen=0.5"),
        ("swap.swapper=mesh", "enhance.enhancer=gpen-256"),
    ],
)
def test_a_deep_clip_has_the_face_of_its_8_bit_twin_without_its_roundings(
    project: Project, settings: tuple[str, ...], tmp_path: Path
) -> None:
    twins = [tmp_path / f"deep_{path.name}" for path in project.frames]
    for path, twin in zip(project.frames, twins, strict=True):
        assert cv2.imwrite(str(twin), cv2.imread(str(path)).astype(np.uint16) * 257)
    eight, _ = project.run(settings)
    project.frames = twins
    deep, _ = project.run(settings)
    for coarse, fine in zip(eight, deep, strict=True):
        assert coarse is not None
        assert fine is not None
        assert (coarse.pixels.dtype, fine.pixels.dtype) == (np.uint8, np.float32)
        shown = coarse.pixels[..., 3] > 0
        difference = np.abs(coarse.pixels - fine.pixels)[shown]
        assert difference.mean() < 1  # whole levels are multiplied by the gain, and sharpened
        assert np.percentile(difference, 99) <= 3
        assert np.any(fine.pixels[shown] != np.round(fine.pixels[shown]))
