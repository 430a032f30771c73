# SPDX-License-Identifier: GPL-3.0-or-later
"""What another recogniser or masker re-runs; choosing by a picture; poor sources are named as such."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import make_up_portrait, portrait, write_picture, write_sequence
from models import stand_ins
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.cache.tiers import open_local
from understudy.core.errors import RecipeError
from understudy.core.media.image_decode import decode_image
from understudy.core.media.open import open_clip, open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import ModelLibrary
from understudy.core.models.statement import statement_path
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.reporting.stage_counts import Report
from understudy.core.sessions.layer_session import LayerSession
from understudy.core.sessions.preview_session import PreviewSession
from understudy.core.sessions.settings import RunSettings

COUNT = 3


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip, a source and a folder with a stand-in ArcFace and GhostFaceNet, analysed with neither yet."""
    folder = tmp_path_factory.mktemp("people")
    write_sequence(folder / "clip", COUNT)
    write_picture(folder / "green.png", make_up_portrait())
    (folder / "models").mkdir()
    for family in ("arcface", "ghostface"):
        path = stand_ins.write_recogniser(folder / "models" / f"{family}.onnx", family)
        statement_path(path).write_text(f'family = "embed/{family}"')
    return folder


def render_clip(project: Path, *settings: str) -> Report:
    """Render the clip as a process of its own would, over the project's cache."""
    memory, _ = open_local(project / "cache", 32 << 20, schemas=STAGE_SCHEMAS)
    casting = SwapRequest(
        Identity((FaceImage(project / "green.png"),)), with_settings(Recipe(), list(settings))
    )
    with open_sequence(sorted((project / "clip").iterdir())) as clip:
        pipeline = Pipeline(memory, embedded_models(), 1, library=ModelLibrary([project / "models"]))
        for number in range(COUNT):
            pipeline.execute(pipeline.plan(clip, number, [casting]))
        report = pipeline.report()
        pipeline.close()
    memory.close()
    return report


def count_runs(report: Report) -> dict[str, int]:
    return {stage: int(counts["run"]) for stage, counts in report.stages.items() if counts["run"]}


def test_another_recogniser_re_runs_embed_alone_and_going_back_hits_everything(project: Path) -> None:
    first = render_clip(project, "embed.recogniser=arcface")
    assert count_runs(first) == dict.fromkeys(("detect", "landmark", "embed", "swap", "fuse"), COUNT)
    other = render_clip(project, "embed.recogniser=ghostface")
    # Nothing before embed runs; the swap is known too, since the same face is chosen.
    assert count_runs(other) == {"embed": COUNT, "fuse": COUNT}
    assert other.models_loaded == 1
    back = render_clip(project, "embed.recogniser=arcface")
    assert count_runs(back) == {"fuse": COUNT}
    assert (back.models_loaded, back.frames_decoded) == (0, 0)
    stand_ins.write_recogniser(project / "models/arcface.onnx", "arcface", seed=9)
    assert count_runs(render_clip(project, "embed.recogniser=arcface")) == {"embed": COUNT, "fuse": COUNT}


def test_a_masker_runs_occlude_alone_is_kept_and_listed_only_where_used(project: Path) -> None:
    plain = render_clip(project)
    assert "occlude" not in plain.stages
    masked = render_clip(project, "occlude.masker=selfie")
    assert count_runs(masked) == {"occlude": COUNT, "fuse": COUNT}
    again = render_clip(project, "occlude.masker=selfie", "fusion.blend=0.5")
    assert count_runs(again) == {"fuse": COUNT}
    assert again.stages["occlude"]["hit"] == COUNT
    assert (again.models_loaded, again.frames_decoded) == (0, 0)
    off = render_clip(project, "occlude.masker=selfie", "fusion.keep_cover=0")
    assert "occlude" not in off.stages


def test_other_regions_of_bisenet_and_areas_of_the_face_cost_fusion_alone(project: Path) -> None:
    path = stand_ins.write_bisenet(project / "models/bisenet.onnx")
    statement_path(path).write_text('family = "occlude/bisenet"')
    regions = ("occlude.masker=bisenet", "occlude.glasses=on", "occlude.hair=on")
    render_clip(project)
    assert count_runs(render_clip(project, *regions)) == {"occlude": COUNT, "fuse": COUNT}
    for change in ("occlude.hair=off", "occlude.ears=on", "fusion.mask_nose=off"):
        report = render_clip(project, *regions, change)
        assert count_runs(report) == {"fuse": COUNT}
        assert (report.models_loaded, report.frames_decoded) == (0, 0)


@pytest.mark.parametrize(
    "landmarker", ["fan-68", "68-from-5", "peppa-68", "pfld-98", "insightface-106", "liveportrait-203"]
)
def test_the_mesh_swapper_refuses_landmarks_that_are_no_mesh(project: Path, landmarker: str) -> None:
    with pytest.raises(
        RecipeError, match=rf"landmarker {landmarker} does not find .*: set landmark\.landmarker to face-mesh"
    ):
        render_clip(project, f"landmark.landmarker={landmarker}")


def pipeline_with(shared: Path) -> Pipeline:
    return Pipeline(MemoryStore(32 << 20), embedded_models(), 2, library=ModelLibrary([shared / "models"]))


def test_who_is_replaced_can_be_shown_by_images(shared: Path) -> None:
    """p03's name lists its two people from the left; p02 and p02b are other pictures of the first."""
    portraits = shared / "footage/portraits"
    source = (FaceImage(portraits / "p01_astronaut_eileen_collins_512.png"),)
    wanted = tuple(
        FaceImage(portraits / name) for name in ("p02_obama_official.jpg", "p02b_obama_speech.jpg")
    )
    settings = ["select.which=reference", "detect.detector=yunet"]
    with open_clip(portraits / "p03_obama_biden_two_people.jpg") as clip:
        pipeline = pipeline_with(shared)
        known = with_settings(Recipe(), [*settings, "embed.recogniser=mobileface"])
        faces = pipeline.plan(clip, 0, [SwapRequest(Identity(source), known, wanted)]).faces
        assert len(faces) == 1
        assert faces[0].face.box[2] < clip.info.width / 2
        nobody = (FaceImage(portraits / "p13_woman_c.jpg"),)
        assert pipeline.plan(clip, 0, [SwapRequest(Identity(source), known, nobody)]).faces == ()
        with pytest.raises(RecipeError, match=r"a recognizer is needed: set embed\.recogniser"):
            pipeline.plan(clip, 0, [SwapRequest(Identity(source), with_settings(Recipe(), settings), wanted)])


def warnings_for(shared: Path, *pictures: Path, settings: tuple[str, ...] = ()) -> str:
    pipeline = pipeline_with(shared)
    identity = Identity(tuple(FaceImage(path) for path in pictures))
    pipeline.check([SwapRequest(identity, with_settings(Recipe(), list(settings)))])
    return "\n".join(pipeline.report().warnings)


@pytest.mark.slow
def test_poor_sources_are_named_with_what_is_poor(shared: Path, tmp_path: Path) -> None:
    portraits = shared / "footage/portraits"
    for good in ("p02c_obama_standing.jpg", "p10_man_a3.jpg", "p13_woman_c.jpg", "p20_man_sofa_1000.jpg"):
        assert warnings_for(shared, portraits / good) == ""
    assert warnings_for(shared, portraits / "p02_obama_official.jpg") == (
        "p02_obama_official.jpg is a poor source: its face is smiling broadly: a calm face is better"
    )
    said = warnings_for(shared, portraits / "p04_partial_face_cut.jpg")
    assert said.startswith(
        "p04_partial_face_cut.jpg is a poor source: its face is cut off by the image's border"
    )
    blurred = write_picture(
        tmp_path / "soft.png", np.asarray(cv2.GaussianBlur(portrait(), (0, 0), 2.0), np.uint8)
    )
    assert warnings_for(shared, blurred) == "soft.png is a poor source: its face is blurred"
    small = cv2.resize(portrait(), (256, 256), interpolation=cv2.INTER_AREA)
    assert "tiny.png is a poor source: its face is small: 5" in warnings_for(
        shared, write_picture(tmp_path / "tiny.png", np.asarray(small, np.uint8))
    )
    with open_clip(shared / "footage/23_single_profile_turn_540p.mp4") as clip:
        turned = write_picture(tmp_path / "turned.png", np.asarray(clip.read(2), np.uint8))
    assert "turned.png is a poor source: its face is turned away by" in warnings_for(shared, turned)
    with open_clip(shared / "footage/33_occluders_over_face_720p.mp4") as clip:
        covered = write_picture(tmp_path / "covered.png", np.asarray(clip.read(70), np.uint8))
    assert "% of it by hair, a hand or an object" in warnings_for(shared, covered)


@pytest.mark.slow
def test_images_of_two_people_are_reported(shared: Path) -> None:
    portraits = shared / "footage/portraits"
    mine, other = portraits / "p10_man_a3.jpg", portraits / "p13_woman_c.jpg"
    known = ("embed.recogniser=mobileface",)
    assert warnings_for(shared, mine, portraits / "p10_man_a2.jpg", settings=known) == ""
    said = warnings_for(shared, mine, other, settings=known)
    assert (
        said == "p13_woman_c.jpg seems to show another person than p10_man_a3.jpg: use images of one person"
    )


def test_the_portrait_files_are_what_the_tests_think(shared: Path) -> None:
    assert decode_image(shared / "footage/portraits/p03_obama_biden_two_people.jpg").shape == (661, 1126, 3)


@pytest.mark.slow
def test_two_people_in_one_modifier_are_known_to_a_panel_that_loads_no_model(
    shared: Path, tmp_path: Path
) -> None:
    portraits = shared / "footage/portraits"
    settings = RunSettings(CacheSettings(tmp_path / "cache"), model_folder=shared / "models")
    same = (("p10_man_a1", "p10_man_a2", "p10_man_a3"), ("p11_woman_a1", "p11_woman_a2"))
    same = (*same, ("p12_woman_b1", "p12_woman_b2"))
    different = ("p10_man_a3", "p13_woman_c")

    def request_for(names: tuple[str, ...], recogniser: str = "mobileface") -> SwapRequest:
        images = tuple(FaceImage(portraits / f"{name}.jpg") for name in names)
        return SwapRequest(Identity(images), with_settings(Recipe(), [f"embed.recogniser={recogniser}"]))

    worker = LayerSession(settings)
    try:
        worker.check([request_for(names) for names in (*same, different)])
    finally:
        worker.close()
    panel = PreviewSession(settings)
    try:
        assert [panel.other_person_warnings(request_for(names)) for names in same] == [(), (), ()]
        (warning,) = panel.other_person_warnings(request_for(different))
        assert warning.startswith("p13_woman_c.jpg seems to show another person than p10_man_a3.jpg: ")
        # The built-in description can't tell, so it says nothing.
        assert panel.other_person_warnings(request_for(different, "mesh")) == ()
        assert panel.as_dict()["models_loaded"] == 0
    finally:
        panel.close()
