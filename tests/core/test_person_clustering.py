# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is in a clip is found, each person once, with the frame that shows them; pictures of a person are judged."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import portrait, write_picture, write_sequence
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.analysis.landmark import bounding_box
from understudy.core.analysis.person_clustering import FaceSample, Person, group_by_person, sample_frames
from understudy.core.analysis.select import indices_left_to_right
from understudy.core.cache.maintenance.lineage import derived_from, walk_entries
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.cache.tiers import open_local
from understudy.core.errors import RecipeError
from understudy.core.face.types import Face, Pose
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.media.clip_info_cache import CacheOnly, NotCachedError
from understudy.core.media.open import open_clip, open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe import Detect, Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest

SHAPE = np.concatenate([load_topology().shape, np.zeros((10, 3), np.float32)])
DIRECTIONS = np.eye(8, dtype=np.float32)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(64 << 20)


@pytest.fixture(scope="module")
def footage_results() -> MemoryStore:
    """What is known of the reference footage, so that no test looks through a clip again."""
    return MemoryStore(64 << 20)


@pytest.fixture
def pipeline(
    request: pytest.FixtureRequest, store: MemoryStore, footage_results: MemoryStore
) -> Iterator[Pipeline]:
    kept = footage_results if "shared" in request.fixturenames else store
    working = Pipeline(kept, embedded_models(), 1)
    yield working
    working.close()


def make_sample(frame: int, place: int, person: int, lean: float = 0.0) -> FaceSample:
    """A face that is `person`, whose vector leans towards everybody else's."""
    points = (SHAPE * 100 + (150 + 200 * place, 200, 0)).astype(np.float32)
    vector = DIRECTIONS[person] + lean * DIRECTIONS.sum(0)
    face = Face(bounding_box(points), 1.0, points, Pose(0, 0, 0))
    return FaceSample((frame, place), face, (vector / np.linalg.norm(vector)).astype(np.float32))


CLIPS = st.lists(st.lists(st.integers(0, 5), unique=True, max_size=4), min_size=4, max_size=12)


@given(CLIPS, st.floats(0, 0.15))
def test_every_person_is_one_group_wherever_they_stand(people: list[list[int]], lean: float) -> None:
    rows = [[make_sample(n, at, who, lean) for at, who in enumerate(row)] for n, row in enumerate(people)]
    groups = group_by_person(rows, 0.6)
    for group in groups:
        frames = [one.face_ref[0] for one in group]
        assert len(set(frames)) == len(frames)
        assert len({people[frame][place] for frame, place in (one.face_ref for one in group)}) == 1
    often = {who for who in range(6) if sum(who in row for row in people) > 1}
    assert {people[group[0].face_ref[0]][group[0].face_ref[1]] for group in groups} >= often
    assert [len(group) for group in groups] == sorted((len(group) for group in groups), reverse=True)


def test_a_face_in_a_crowd_is_left_out() -> None:
    rows = [[make_sample(n, 0, 0), *([make_sample(n, 1, 1)] if n == 5 else [])] for n in range(9)]
    assert [len(group) for group in group_by_person(rows, 0.6)] == [9]


@given(st.integers(0, 500), st.integers(0, 4000), st.sampled_from([12, 25, 30, 60]))
def test_at_least_two_frames_a_second_are_footage_results(first: int, more: int, fps: int) -> None:
    frames = sample_frames(first, first + more, Fraction(fps))
    assert frames[0] == first
    assert frames[-1] <= first + more
    assert len(frames) >= min(24, more + 1)
    assert len(frames) >= (more + 1) / fps * 2 - 1


def people_in_footage(pipeline: Pipeline, shared: Path, number: str) -> tuple[Person, ...]:
    with open_clip(next((shared / "footage").glob(f"{number}_*.mp4"))) as clip:
        return pipeline.find_people(clip, 0, clip.info.frame_count - 1, Recipe())


@pytest.mark.long
def test_two_people_side_by_side_are_two(pipeline: Pipeline, shared: Path) -> None:
    people = people_in_footage(pipeline, shared, "30")
    assert [person.share for person in people] == [1.0, 1.0]
    assert {place for _, place in people[0].face_refs} == {0}
    assert {place for _, place in people[1].face_refs} == {1}


@pytest.mark.long
def test_people_who_change_sides_stay_who_they_are(pipeline: Pipeline, shared: Path) -> None:
    """Clip 31: A is left until 60 and right from 96; in between A hides B."""
    people = people_in_footage(pipeline, shared, "31")
    assert len(people) == 2
    for person, before, after in zip(people, (0, 1), (1, 0), strict=True):
        assert {place for frame, place in person.face_refs if frame < 60} == {before}
        assert {place for frame, place in person.face_refs if frame > 95} == {after}


@pytest.mark.slow
def test_people_are_the_same_after_cuts(pipeline: Pipeline, shared: Path) -> None:
    """Clip 32: A 0-59 and 135-194, B 60-119 and 195-239."""
    people = people_in_footage(pipeline, shared, "32")
    shots = [{frame // 15 for frame, _ in person.face_refs} for person in people]
    assert shots == [{0, 1, 2, 3, 9, 10, 11, 12}, {4, 5, 6, 7, 13, 14, 15}]
    for person, shot in zip(people, shots, strict=True):
        assert person.best_face in person.face_refs
        assert person.best_face[0] // 15 in shot


@pytest.mark.long
def test_who_is_chosen_is_not_mistaken_for_others_after_a_cut(pipeline: Pipeline, shared: Path) -> None:
    """Clip 32: the built-in description alone takes some frames of B for A, if B is not named."""
    people = people_in_footage(pipeline, shared, "32")
    source = shared / "footage/portraits/p01_astronaut_eileen_collins_512.png"
    (frame, face), (other, place) = people[0].best_face, people[1].best_face
    settings = ["select.which=reference", f"select.reference_frame={frame}", f"select.reference_face={face}"]
    chosen = {}
    with open_clip(next((shared / "footage").glob("32_*.mp4"))) as clip:
        for others in ("", f"{other}:{place}"):
            asked = with_settings(Recipe(), [*settings, f"select.others={others}"])
            casting = SwapRequest(Identity((FaceImage(source),)), asked)
            spots = [spot for person in people for spot in sorted(person.face_refs)]
            chosen[others] = {number for number, _ in spots if pipeline.plan(clip, number, [casting]).faces}
        with pytest.raises(RecipeError, match=r"select\.others is written frame:face"):
            pipeline.plan(
                clip,
                0,
                [
                    SwapRequest(
                        Identity((FaceImage(source),)),
                        with_settings(Recipe(), [*settings, "select.others=A"]),
                    )
                ],
            )
    own = {number for number, _ in people[0].face_refs}
    assert chosen[f"{other}:{place}"] == own
    assert chosen[""] > own


@pytest.mark.long
def test_the_image_shows_the_face_at_its_best(pipeline: Pipeline, shared: Path) -> None:
    people = people_in_footage(pipeline, shared, "30")
    with open_clip(next((shared / "footage").glob("30_*.mp4"))) as clip:
        for person in people:
            frame, place = person.best_face
            faces = pipeline.faces(clip, frame, with_settings(Recipe(), ["landmark.steady=0"]))
            face = faces[indices_left_to_right(faces)[place]]
            x, y = (int(middle) for middle in (face.box[:2] + face.box[2:]) / 2)
            side = float(max(face.box[2:] - face.box[:2])) / 2
            crop = clip.read(frame)[int(y - side) : int(y + side), int(x - side) : int(x + side)]
            fit = cv2.matchTemplate(
                person.thumbnail,
                cv2.resize(crop, (62, 62), interpolation=cv2.INTER_AREA),
                cv2.TM_CCOEFF_NORMED,
            )
            assert fit.max() > 0.97
            assert abs(face.pose.yaw) < 30


def test_people_are_known_without_a_model(pipeline: Pipeline, store: MemoryStore, tmp_path: Path) -> None:
    files = write_sequence(tmp_path / "clip", 6)
    with open_sequence(files) as clip:
        heard: list[float] = []
        people = pipeline.find_people(clip, 0, 5, Recipe(), heard.append)
        assert (len(people), people[0].share) == (1, 1.0)
        assert heard == sorted(heard)
        assert heard[0] == 0
        looker = Pipeline(store, embedded_models(), 1, CacheOnly())
        again = looker.find_people(clip, 0, 5, Recipe())
        assert again[0].best_face == people[0].best_face
        assert again[0].face_refs == people[0].face_refs
        assert np.array_equal(again[0].thumbnail, people[0].thumbnail)
        assert looker.report().models_loaded == 0
        with pytest.raises(NotCachedError):
            looker.find_people(clip, 0, 5, with_settings(Recipe(), ["select.min_height=60"]))
        looker.close()


def test_purging_a_clip_takes_its_peoples_images(tmp_path: Path) -> None:
    files = write_sequence(tmp_path / "clip", 3)
    memory, folder = open_local(tmp_path / "cache", 16 << 20, schemas=STAGE_SCHEMAS)
    working = Pipeline(memory, embedded_models(), 1)
    with open_sequence(files) as clip:
        working.find_people(clip, 0, 2, Recipe())
        seed = clip.clip_id
    working.close()
    assert sum("stage=people\n" in entry.text for entry in folder.entries()) == 1
    matches, _ = derived_from(lambda: walk_entries(folder), {seed})
    folder.purge(matches)
    assert [entry.text for entry in folder.entries() if "stage=people\n" in entry.text] == []
    memory.close()


def test_no_people_where_nobody_is(pipeline: Pipeline, tmp_path: Path) -> None:
    grey = [write_picture(tmp_path / f"{n}.png", np.full((200, 300, 3), 90, np.uint8)) for n in range(3)]
    with open_sequence(grey) as clip:
        assert pipeline.find_people(clip, 0, 2, Recipe()) == ()


def test_a_image_is_noted_with_its_face_and_what_is_poor(pipeline: Pipeline, tmp_path: Path) -> None:
    sharp = pipeline.inspect_source_image(
        FaceImage(write_picture(tmp_path / "sharp.png", portrait())), Detect()
    )
    assert sharp.quality_issues == ()
    assert sharp.thumbnail is not None
    assert sharp.thumbnail.shape == (96, 96, 3)
    soft = np.asarray(cv2.GaussianBlur(portrait(), (0, 0), 5), np.uint8)
    assert (
        "blurred"
        in pipeline.inspect_source_image(
            FaceImage(write_picture(tmp_path / "soft.png", soft)), Detect()
        ).quality_issues
    )
    none = pipeline.inspect_source_image(
        FaceImage(write_picture(tmp_path / "none.png", np.full((200, 200, 3), 90, np.uint8))), Detect()
    )
    assert none.thumbnail is None
    assert "no face was found in none.png" in none.quality_issues[0]


def test_each_face_of_a_image_is_reported_whichever_is_meant(pipeline: Pipeline, tmp_path: Path) -> None:
    face = portrait()[:300, 60:380]
    both = np.concatenate([cv2.GaussianBlur(face, (0, 0), 5), face], 1)
    path = write_picture(tmp_path / "both.png", np.asarray(both, np.uint8))
    unclear, first, second, third = (
        pipeline.inspect_source_image(FaceImage(path, number), Detect()) for number in range(4)
    )
    for report in (unclear, first, second, third):
        assert [entry.quality_issues for entry in report.faces] == [("blurred",), ()]
    assert unclear.quality_issues == (
        "both.png shows 2 faces: choose one by its number from the left, 1 to 2",
    )
    assert third.quality_issues == ("both.png has no face number 3: it shows 2",)
    assert unclear.thumbnail is third.thumbnail is None
    assert first.quality_issues == ("blurred",)
    assert second.quality_issues == ()
    assert first.thumbnail is not None
    assert np.array_equal(first.thumbnail, second.faces[0].thumbnail)
    assert not np.array_equal(first.faces[0].thumbnail, first.faces[1].thumbnail)
