# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape: what it moves, what it leaves alone, and what a change of it re-runs."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import portrait, write_picture, write_sequence
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.analysis.maskers.contract import OcclusionMask
from understudy.core.cache.maintenance.lineage import key_fields
from understudy.core.cache.tiers import open_local
from understudy.core.face.types import Face, Pose
from understudy.core.fusion.patch import Patch, composite_on_frame
from understudy.core.fusion.warp_layer import lay_on_picture, move_mask
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.media.open import open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.plan import LayerPlan
from understudy.core.pipeline.shape_stage import _faces_around
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.pipeline.target_forms import SAMPLE_FRAMES, sample_numbers
from understudy.core.recipe import Recipe, initial_recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.reporting.stage_counts import Report
from understudy.core.swap.schemas import move_schema
from understudy.core.swap.shape import FaceWarp, move_face

COUNT = 5
TOPOLOGY = load_topology()
SIZE = (384, 384)


class Project:
    """A clip, an image of somebody with a wider face, and runs over them."""

    def __init__(self, folder: Path) -> None:
        self.frames = write_sequence(folder / "clip", COUNT)
        image = portrait()
        wide = cv2.resize(image, (round(image.shape[1] * 1.2), image.shape[0]), interpolation=cv2.INTER_AREA)
        self.wide = write_picture(folder / "wide.png", np.ascontiguousarray(wide))
        self.same = write_picture(folder / "same.png", image)
        self.cache = folder / "cache"

    def run(
        self,
        *settings: str,
        picture: Path | None = None,
        cache: Path | None = None,
        numbers: tuple[int, ...] = (),
    ) -> tuple[list[LayerPlan], list[Patch], Report]:
        recipe = with_settings(Recipe(), list(settings))
        request = SwapRequest(Identity((FaceImage(picture or self.wide),)), recipe)
        memory, _ = open_local(cache or self.cache, 64 << 20, schemas=STAGE_SCHEMAS)
        with open_sequence(self.frames) as clip:
            pipeline = Pipeline(memory, embedded_models())
            plans = [pipeline.plan(clip, number, [request]) for number in numbers or range(COUNT)]
            patches = [pipeline.execute(plan) for plan in plans]
            report = pipeline.report()
            pipeline.close()
        memory.close()
        made = [patch for patch in patches if patch is not None]
        assert len(made) == len(plans)
        return plans, made, report


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that was rendered once with the source's shape."""
    made = Project(tmp_path_factory.mktemp("shape"))
    made.run("swap.shape=1")
    return made


def same_patches(one: list[Patch], other: list[Patch]) -> bool:
    return len(one) == len(other) and all(
        (a.left, a.top) == (b.left, b.top) and np.array_equal(a.pixels, b.pixels)
        for a, b in zip(one, other, strict=True)
    )


def without_libraries(lines: dict[str, str]) -> dict[str, str]:
    """Leave out the lines that name a library's version, which there are where it is not the usual one."""
    return {name: value for name, value in lines.items() if name not in ("numpy", "opencv")}


def runs(report: Report) -> set[str]:
    return {stage for stage, counts in report.stages.items() if counts["run"]}


def test_a_recipe_that_does_not_say_it_keeps_the_targets_shape() -> None:
    assert Recipe().swap.shape == 0
    assert initial_recipe().swap.shape == 1
    assert with_settings(initial_recipe(), ["swap.shape=0", "select.steady=off"]) == Recipe()


def test_no_shape_has_the_keys_and_pixels_of_before(project: Project, tmp_path: Path) -> None:
    plans, patches, report = project.run("swap.shape=0", cache=tmp_path / "flat")
    for plan in plans:
        (entry,) = plan.faces
        assert entry.shape is None
        assert entry.move is None
        # The lines that the keys had before there was shape: one more, and every swap of old would be a miss.
        swap, target = key_fields(entry.swap.text), key_fields(entry.target.text if entry.target else "")
        swap, target = (without_libraries(text) for text in (swap, target))
        assert set(swap) == {
            "crop_size", "frame", "landmarks", "mirror", "source", "stage", "swapper", "version",
        }  # fmt: skip
        assert set(target) == {"crop_size", "frame", "landmarks", "stage", "version"}
        assert (swap["version"], target["version"]) == ("2", "2")
        assert "moved" not in key_fields(entry.fuse.text)
    assert "shape" not in report.stages
    assert same_patches(project.run()[1], patches)


def test_shape_moves_more_than_the_face(project: Project) -> None:
    flat, shaped = project.run("swap.shape=0")[1], project.run("swap.shape=1")[1]
    for before, after in zip(flat, shaped, strict=True):
        assert after.pixels.shape[0] > before.pixels.shape[0]
        assert after.pixels.shape[1] > before.pixels.shape[1]
        assert (after.pixels[..., 3] == 255).sum() > 1.2 * (before.pixels[..., 3] > 0).sum()
        # It ends by itself: at the patch's sides hardly anything is shown.
        edge = np.concatenate([after.pixels[0], after.pixels[-1], after.pixels[:, 0], after.pixels[:, -1]])
        assert edge[:, 3].max() < 32


def test_where_a_render_begins_changes_nothing(project: Project, tmp_path: Path) -> None:
    plans, patches, _ = project.run("swap.shape=1")
    for number in (4, 2):
        alone, alone_patches, _ = project.run(
            "swap.shape=1", numbers=(number,), cache=tmp_path / f"farm{number}"
        )
        assert alone[0].key == plans[number].key
        assert same_patches(alone_patches, patches[number : number + 1])


def test_backwards_and_from_the_cache_it_is_the_same(project: Project, tmp_path: Path) -> None:
    warm_plans, warm, report = project.run("swap.shape=1")
    assert runs(report) == {"fuse"}
    assert (report.models_loaded, report.frames_decoded) == (0, 0)
    cold_plans, cold, _ = project.run("swap.shape=1", numbers=(4, 3, 2, 1), cache=tmp_path / "cold")
    assert [plan.key for plan in cold_plans] == [plan.key for plan in warm_plans[:0:-1]]
    assert same_patches(cold[::-1], warm[1:])


def test_a_change_of_shape_runs_no_model(project: Project) -> None:
    _, half, report = project.run("swap.shape=0.5")
    assert runs(report) == {"shape", "swap", "fuse"}
    assert report.models_loaded == 0
    assert not same_patches(half, project.run("swap.shape=1")[1])


@pytest.mark.parametrize(
    "setting", ["fusion.blend=0.5", "fusion.colour_match=0.2", "fusion.mask_blur=5", "fusion.skin_reach=0.1"]
)
def test_fusion_costs_a_fuse_only(project: Project, setting: str) -> None:
    _, _, report = project.run("swap.shape=1", setting)
    assert runs(report) == {"fuse"}
    assert (report.models_loaded, report.frames_decoded) == (0, 0)


def test_no_skin_reach_has_the_keys_of_before(project: Project) -> None:
    (reach,), (none,), (flat,) = (
        project.run(f"swap.shape={shape}", f"fusion.skin_reach={amount}", numbers=(1,))[0]
        for shape, amount in ((1, 1), (1, 0), (0, 1))
    )
    new, *old = [set(key_fields(plan.faces[0].fuse.text)) for plan in (reach, none, flat)]
    assert new - old[0] == {"skin_reach", "skin_tone"}
    assert not (new - old[0]) & old[1]


def test_without_blend_nothing_is_shown_of_the_moved_image(project: Project) -> None:
    for patch in project.run("swap.shape=1", "fusion.blend=0")[1]:
        assert patch.pixels[..., 3].max() == 0


def test_the_same_person_hardly_moves(project: Project) -> None:
    plans = project.run("swap.shape=1", picture=project.same)[0]
    others = project.run("swap.shape=1")[0]
    for plan, other in zip(plans, others, strict=True):
        still, moved = plan.faces[0].shape, other.faces[0].shape
        assert still is not None
        assert moved is not None
        assert np.abs(still.displacement[:, :2]).max() < 0.35 * np.abs(moved.displacement[:, :2]).max()


def landmarks() -> np.ndarray:
    points = TOPOLOGY.shape * 70 + (190, 170, 0)
    return np.concatenate([points, np.repeat(points[[33, 263]], 5, 0)]).astype(np.float32)


def noise_frame() -> np.ndarray:
    soft = cv2.GaussianBlur(
        np.random.default_rng(1).integers(0, 255, (*SIZE[::-1], 3)).astype(np.float32), (0, 0), 3
    )
    return np.asarray(np.clip((soft - 127) * 6 + 127, 0, 255), np.uint8)


def face_warp(by: float = 6.0) -> FaceWarp:
    away = np.zeros((468, 3), np.float32)
    away[:, 0] = by
    return move_face(noise_frame(), landmarks(), away, (), TOPOLOGY)


def test_a_moved_image_shows_at_the_moved_points_what_was_at_the_points() -> None:
    moved, frame = face_warp(), noise_frame()
    shifted = moved.landmarks - landmarks()
    assert np.abs(shifted[:468, 0] - 6).max() < 1.0
    before = cv2.remap(
        frame, landmarks()[:468, 0], landmarks()[:468, 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    after = cv2.remap(
        moved.frame_with_face(frame), moved.landmarks[:468, 0], moved.landmarks[:468, 1], cv2.INTER_CUBIC
    )
    assert np.abs(before.astype(int) - after).mean() < 3
    assert np.abs(before.astype(int) - frame_at(frame, moved.landmarks)).mean() > 15


def frame_at(frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    return cv2.remap(frame, points[:468, 0], points[:468, 1], cv2.INTER_CUBIC)


def test_no_displacement_is_the_frame_itself_and_shows_nothing() -> None:
    moved, frame = face_warp(0.0), noise_frame()
    assert not moved.picture.any()
    assert np.array_equal(moved.frame_with_face(frame), frame)
    assert np.array_equal(moved.landmarks, landmarks())


def test_an_image_is_the_frames_own_where_it_is_not_shared() -> None:
    moved, frame = face_warp(), noise_frame()
    patch = lay_on_picture(Patch(0, 0, np.zeros((2, 2, 4), np.uint8)), moved, 1.0, SIZE)
    shown = composite_on_frame(frame, patch)
    expected = moved.frame_with_face(frame).astype(int)
    # Where the moved picture fades into the frame it is moved by less than an eighth of a pixel.
    assert np.abs(shown - expected).max() <= 12
    assert np.abs(shown - expected).mean() < 0.05
    assert np.array_equal(shown[:3], frame[:3])


def test_what_is_stored_is_what_is_read_and_fits_its_schema() -> None:
    moved = face_warp()
    arrays = moved.to_arrays()
    assert not move_schema("").fault(arrays)
    again = FaceWarp.from_arrays(arrays)
    assert np.array_equal(again.picture, moved.picture)
    assert np.array_equal(again.warp.displacement, moved.warp.displacement)
    assert (again.left, again.top) == (moved.left, moved.top)
    assert (again.warp.left, again.warp.top, again.warp.width, again.warp.height) == (
        moved.warp.left,
        moved.warp.top,
        moved.warp.width,
        moved.warp.height,
    )


def test_what_covers_a_face_moves_along() -> None:
    visible = np.zeros((256, 256), np.uint8)
    visible[:, 128:] = 255
    mask = OcclusionMask(visible, np.array([[1, 0, -60], [0, 1, -40]], np.float32))
    still = move_mask(mask, face_warp(0.0)).visible
    assert np.array_equal(still, visible)
    edge = move_mask(mask, face_warp()).visible[128].astype(float).sum() / 255
    assert visible[128].astype(float).sum() / 255 - edge == pytest.approx(6, abs=1.2)


def face_at(left: float, top: float, side: float) -> Face:
    box = np.array([left, top, left + side, top + side], np.float32)
    return Face(box, 1.0, np.zeros((478, 3), np.float32), Pose(0, 0, 0))


def test_faces_nearby_rest_and_no_others() -> None:
    own, beside, far, twin = (
        face_at(100, 100, 50),
        face_at(165, 100, 40),
        face_at(400, 100, 50),
        face_at(105, 98, 50),
    )
    boxes = _faces_around([own, beside, far, twin], 0)
    assert [box.tolist() for box in boxes] == [beside.box.tolist()]


@given(st.integers(1, 10**6))
def test_samples_are_frames_of_the_whole_clip(count: int) -> None:
    numbers = sample_numbers(count)
    assert len(numbers) == len(set(numbers)) == min(count, SAMPLE_FRAMES)
    assert numbers == sorted(numbers)
    assert 0 <= numbers[0] <= count // SAMPLE_FRAMES
    assert count - 1 - count // SAMPLE_FRAMES <= numbers[-1] < count


def test_only_a_face_within_the_frame_fits_it() -> None:
    moved = face_warp()
    assert moved.fits(SIZE)
    assert not moved.fits((SIZE[0] // 2, SIZE[1]))
