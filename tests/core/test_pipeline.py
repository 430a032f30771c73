# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change re-runs, what it must not run, and that a hit is bit-identical to recomputing."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from footage.portrait import make_up_portrait, portrait, write_picture, write_sequence
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.cache.tiers import open_local
from understudy.core.errors import ClipError, FaceImageError, RecipeError
from understudy.core.fusion.patch import Patch
from understudy.core.media.open import open_sequence
from understudy.core.models.embedded import EmbeddedModels, embedded_models
from understudy.core.models.model_file import ModelFile
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.reporting.stage_counts import Report

COUNT = 6
STAGES = ("detect", "landmark", "embed", "swap", "fuse")


class Project:
    """A clip, two sources and a cache folder, and runs over them as separate processes would do."""

    def __init__(self, folder: Path) -> None:
        self.frames = write_sequence(folder / "clip", COUNT)
        self.green = write_picture(folder / "green.png", make_up_portrait())
        self.plain = write_picture(folder / "plain.png", portrait())
        self.cache = folder / "cache"

    def casting(self, picture: Path, *settings: str) -> SwapRequest:
        return SwapRequest(Identity((FaceImage(picture),)), with_settings(Recipe(), list(settings)))

    def run(
        self,
        castings: list[SwapRequest],
        paths: list[Path] | None = None,
        numbers: list[int] | None = None,
        models: EmbeddedModels | None = None,
        cache: Path | None = None,
    ) -> tuple[list[Patch | None], list[str], Report]:
        memory, _ = open_local(cache or self.cache, 64 << 20, schemas=STAGE_SCHEMAS)
        with open_sequence(paths or self.frames) as clip:
            pipeline = Pipeline(memory, models or embedded_models())
            plans = [pipeline.plan(clip, n, castings) for n in numbers or range(clip.info.frame_count)]
            patches = [pipeline.execute(plan) for plan in plans]
            report = pipeline.report()
            pipeline.close()
        memory.close()
        return patches, [plan.key.hex for plan in plans], report


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose clip was rendered once with the green source."""
    project = Project(tmp_path_factory.mktemp("analysed"))
    project.run([project.casting(project.green)])
    return project


@pytest.fixture
def project(analysed: Project, tmp_path: Path) -> Iterator[Project]:
    """The rendered project, with a cache of its own to change."""
    copied = replace_cache(analysed, tmp_path / "cache")
    yield copied
    shutil.rmtree(copied.cache, ignore_errors=True)


def replace_cache(project: Project, cache: Path) -> Project:
    shutil.copytree(project.cache, cache)
    twin = object.__new__(Project)
    twin.__dict__ = {**project.__dict__, "cache": cache}
    return twin


def count_runs(report: Report) -> dict[str, int]:
    return {stage: int(report.stages[stage]["run"]) for stage in STAGES}


def patches_equal(patches: list[Patch | None], others: list[Patch | None]) -> bool:
    return all(
        a is not None
        and b is not None
        and (a.left, a.top) == (b.left, b.top)
        and np.array_equal(a.pixels, b.pixels)
        for a, b in zip(patches, others, strict=True)
    )


@pytest.mark.slow
def test_cold_runs_every_stage_once_a_frame(tmp_path: Path) -> None:
    project = Project(tmp_path)
    patches, _, report = project.run([project.casting(project.green)])
    assert count_runs(report) == dict.fromkeys(STAGES, COUNT)
    assert report.frames_decoded == COUNT
    assert report.models_loaded == 2
    assert report.faces == COUNT
    assert all(patch is not None and patch.pixels[..., 3].max() > 200 for patch in patches)


def test_a_hit_is_bit_identical_to_recomputing(project: Project, tmp_path: Path) -> None:
    casting = [project.casting(project.green)]
    warm, warm_keys, report = project.run(casting)
    cold, cold_keys, _ = project.run(casting, cache=tmp_path / "empty")
    assert count_runs(report) == {**dict.fromkeys(STAGES, 0), "fuse": COUNT}
    assert (report.models_loaded, report.frames_decoded) == (0, 0)
    assert warm_keys == cold_keys
    assert patches_equal(warm, cold)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("fusion.blend=0.5", {"fuse"}),
        ("fusion.mask_blur=5", {"fuse"}),
        ("fusion.colour_match=0.1", {"fuse"}),
        ("swap.crop_size=200", {"swap", "fuse"}),
        ("swap.mirror=0.2", {"swap", "fuse"}),
        ("select.min_height=60", {"fuse"}),
        # The same landmarks come out: what is made from them is known by what they are, not by how they came.
        ("landmark.score=0.4", {"landmark", "embed", "fuse"}),
        ("detect.score=0.4", {"detect", "landmark", "embed", "swap", "fuse"}),
    ],
)
def test_a_change_re_runs_its_own_stages_and_no_other(
    project: Project, setting: str, expected: set[str]
) -> None:
    _, _, report = project.run([project.casting(project.green, setting)])
    counts = count_runs(report)
    assert {stage for stage in STAGES if counts[stage]} == expected
    # A looser detector may find the same box in a frame: then what follows from it is known.
    assert all(counts[stage] == COUNT for stage in expected - {"swap"})
    assert "swap" not in expected or setting.startswith("detect") or counts["swap"] == COUNT
    if expected == {"fuse"}:
        assert (report.models_loaded, report.frames_decoded) == (0, 0)


def test_steadying_less_re_swaps_the_frames_whose_points_move(project: Project) -> None:
    _, _, report = project.run([project.casting(project.green, "landmark.steady=0")])
    # The first and the last frame have no neighbour on one side: they were never moved.
    assert count_runs(report) == {"detect": 0, "landmark": 0, "embed": 0, "swap": COUNT - 2, "fuse": COUNT}


def test_another_source_re_runs_the_swap_alone(project: Project) -> None:
    patches, _, report = project.run([project.casting(project.plain)])
    assert count_runs(report) == {"detect": 0, "landmark": 0, "embed": 0, "swap": COUNT, "fuse": COUNT}
    # What is cut from the frames is kept apart from what a source is drawn as.
    assert report.frames_decoded == 0
    green, _, again = project.run([project.casting(project.green)])
    assert count_runs(again)["swap"] == 0
    assert not patches_equal(patches, green)


def test_a_re_cut_clip_runs_nothing_but_the_frames_whose_neighbours_changed(project: Project) -> None:
    """Frames taken out, in another order and under other names: pixels alone tell what they are."""
    recut = [project.frames[n] for n in (4, 1, 2, 5)]
    _, _, report = project.run([project.casting(project.green, "landmark.steady=0")], paths=recut)
    assert count_runs(report)["detect"] == count_runs(report)["landmark"] == count_runs(report)["embed"] == 0
    assert report.models_loaded == 0


def test_one_new_frame_is_all_that_is_analysed(project: Project, tmp_path: Path) -> None:
    picture = make_up_portrait()
    new = write_picture(tmp_path / "new.png", np.ascontiguousarray(picture[:384, 30:414]))
    _, _, report = project.run([project.casting(project.green)], paths=[*project.frames[:3], new])
    assert count_runs(report)["detect"] == count_runs(report)["landmark"] == 1


def test_where_a_render_begins_changes_nothing(project: Project, tmp_path: Path) -> None:
    casting = [project.casting(project.green)]
    whole, keys, _ = project.run(casting)
    alone, alone_keys, _ = project.run(casting, numbers=[3], cache=tmp_path / "farm")
    assert alone_keys == keys[3:4]
    assert patches_equal(alone, whole[3:4])


def test_a_replaced_model_file_re_runs_its_stage_and_those_after_it(project: Project, tmp_path: Path) -> None:
    models = embedded_models()
    graph = onnx.load(models.landmarker.path)
    graph.doc_string = "the same numbers, another file"
    other = tmp_path / models.landmarker.path.name
    onnx.save(graph, other)
    changed = replace(models, landmarker=ModelFile(other))
    _, _, report = project.run([project.casting(project.green)], models=changed)
    assert count_runs(report) == {
        "detect": 0,
        "landmark": COUNT,
        "embed": COUNT,
        "swap": COUNT,
        "fuse": COUNT,
    }


@pytest.mark.slow
def test_a_changed_image_under_the_same_name_is_noticed_within_a_run(
    project: Project, tmp_path: Path
) -> None:
    picture = write_picture(tmp_path / "person.png", make_up_portrait())
    casting = [project.casting(picture)]
    with open_sequence(project.frames) as clip:
        pipeline = Pipeline(MemoryStore(64 << 20), embedded_models())
        before = pipeline.plan(clip, 0, casting).key
        write_picture(picture, np.ascontiguousarray(portrait()[:, ::-1]))
        assert pipeline.plan(clip, 0, casting).key.digest != before.digest


def test_two_modifiers_on_one_face_lie_over_each_other_and_share_the_analysis(project: Project) -> None:
    both = [project.casting(project.plain), project.casting(project.green, "fusion.opacity=0.5")]
    _, _, report = project.run(both)
    assert count_runs(report)["landmark"] == 0
    assert report.faces == 2 * COUNT


def test_a_frame_without_a_face_has_an_empty_layer_and_is_known_too(project: Project, tmp_path: Path) -> None:
    empty = [write_picture(tmp_path / "grey.png", np.full((384, 384, 3), 90, np.uint8))]
    patches, keys, report = project.run([project.casting(project.green)], paths=empty)
    assert patches == [None]
    assert report.faces == 0
    _, again, second = project.run([project.casting(project.green)], paths=empty)
    assert again == keys
    assert second.models_loaded == 0


def test_choosing_by_reference_follows_the_person(project: Project) -> None:
    settings = ("select.which=reference", "select.reference_frame=0", "select.reference_face=0")
    _, _, report = project.run([project.casting(project.green, *settings)])
    assert report.faces == COUNT
    assert count_runs(report)["embed"] == 0
    with pytest.raises(RecipeError, match=r"frame 0 of 0000\.png has 1 faces"):
        project.run([project.casting(project.green, "select.which=reference", "select.reference_face=3")])


@pytest.mark.parametrize(
    ("picture", "number", "said"),
    [
        ("none", 0, r"no face was found in none\.png: use an image that shows one face clearly"),
        ("two", 0, r"two\.png shows 2 faces: choose one by its number from the left, 1 to 2"),
        ("two", 3, r"two\.png has no face number 3: it shows 2"),
        ("missing", 0, r"can't use the image .*missing\.png: No such file"),
        ("corrupt", 0, r"can't use the image corrupt\.png: it can't be read"),
        ("data", 0, r"can't use the image data\.png: it is not an image: use a PNG"),
    ],
)
def test_a_image_that_will_not_do_is_named_with_the_fix(
    project: Project, tmp_path: Path, picture: str, number: int, said: str
) -> None:
    face = portrait()[:260, 100:340]
    write_picture(tmp_path / "two.png", np.hstack([face, face]))
    write_picture(tmp_path / "none.png", np.full((300, 300, 3), 128, np.uint8))
    (tmp_path / "corrupt.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    (tmp_path / "data.png").write_bytes(bytes(range(256)) * 40)
    casting = SwapRequest(Identity((FaceImage(tmp_path / f"{picture}.png", number),)))
    with pytest.raises(FaceImageError, match=said) as caught:
        project.run([casting])
    assert "\n" not in str(caught.value)


def test_the_second_of_two_faces_can_be_chosen(project: Project, tmp_path: Path) -> None:
    green, plain = make_up_portrait()[:260, 100:340], portrait()[:260, 100:340]
    two = write_picture(tmp_path / "two.png", np.ascontiguousarray(np.hstack([plain, green])))
    chosen = [SwapRequest(Identity((FaceImage(two, number),))) for number in (1, 2)]
    first, second = (project.run([casting], numbers=[2])[0][0] for casting in chosen)
    assert first is not None
    assert second is not None
    assert not np.array_equal(first.pixels, second.pixels)


def test_an_unreadable_neighbour_costs_a_frame_its_steadying_and_nothing_else(
    project: Project, tmp_path: Path
) -> None:
    broken = tmp_path / "0003.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    paths = [*project.frames[:3], broken, *project.frames[4:]]
    casting = [project.casting(project.green)]
    patches, _, _ = project.run(casting, paths=paths, numbers=[1, 2, 4])
    assert all(patch is not None for patch in patches)
    with pytest.raises(ClipError, match=r"0003\.png"):
        project.run(casting, paths=paths, numbers=[3])


def test_nobody_playing_the_part_is_said_plainly(project: Project) -> None:
    with pytest.raises(FaceImageError, match="no source face yet"):
        project.run([SwapRequest(Identity(()))])
