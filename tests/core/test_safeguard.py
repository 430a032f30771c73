# SPDX-License-Identifier: GPL-3.0-or-later
"""Shots that show nudity are recast with named consent alone, by every way to a layer; others cost a look."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from understudy.core.cache.base.compute import Uncoordinated
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.cli.main import main
from understudy.core.consent.consent_file import write_records
from understudy.core.consent.nude_scenes import NUDE_SCENES, nude_scene_fault
from understudy.core.consent.record import ConsentRecord
from understudy.core.errors import RefusalError
from understudy.core.layers.job import request_values, source_values
from understudy.core.layers.label import layer_label
from understudy.core.layers.placeholder import PLACEHOLDER
from understudy.core.media.open import open_clip, open_sequence
from understudy.core.media.prefetching_clip import PrefetchingClip
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.clip_session import ClipSession
from understudy.core.sessions.layer_session import LayerSession
from understudy.core.sessions.pipeline_factory import ConditionedPipeline, make_pipeline
from understudy.core.sessions.settings import RunSettings, settings_values
from understudy.core.worker.__main__ import WorkerRun

from tests.core import face_clip
from tests.core.nude_clip import CUT, FRAMES, NUDE_FRAME
from tests.core.nude_shoot import Shoot, layer_path, safeguard, shoot

__all__ = ["safeguard", "shoot"]

pytestmark = pytest.mark.slow

ENDED = date.today() - timedelta(1)


@pytest.fixture
def render(shoot: Shoot, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., dict]:
    """Render frames, return the report and what was said."""

    def run(start: int, end: int, *more: str, code: int = 0) -> dict[str, object]:
        report, output = tmp_path / "report.json", tmp_path / "out.mp4"
        words = [shoot.clip, "--face", shoot.face, "--output", output, "--start", start, "--end", end]
        words += ["--cache-dir", shoot.folder / "cli", "--report", report, "--quiet", *more]
        assert main(["render", *map(str, words)]) == code
        said = capfd.readouterr().err
        assert output.exists() == (code == 0)
        output.unlink(missing_ok=True)
        return {"said": said, **(json.loads(report.read_text()) if code == 0 else {})}

    return run


def nudity(report: dict) -> dict[str, int]:
    return {name: report["stages"]["nudity"][name] for name in ("run", "hit")}


def test_a_shot_is_refused_in_one_line_whatever_range_of_it_is_rendered(render: Callable[..., dict]) -> None:
    """The range does not have the frame that shows it, nor does the shot before the cut."""
    (line,) = render(20, 21, code=1)["said"].splitlines()
    assert f"clip.mp4, frames {CUT} to {FRAMES - 1}: the shot shows nudity (at {NUDE_FRAME})" in line
    assert "no consent of the source person names such scenes" in line
    assert "`understudy consent add --nude-scenes`" in line

    cold = render(2, 3)
    assert cold["frames_changed"] == 2
    # The frames of each second, and the last of the shot: none of the second shot is asked for again.
    warm = render(2, 3)
    assert nudity(warm) == {"run": 0, "hit": len({0, 4, 8, CUT - 1})}
    assert warm["models_loaded"] == 0
    assert warm["said"] == ""


def test_a_movie_is_refused_before_its_first_frame_is_made(shoot: Shoot) -> None:
    settings, store = shoot.settings(), MemoryStore(1 << 26)
    pipeline = ConditionedPipeline(settings, store, Uncoordinated())
    requests, progress = [shoot.request()], []
    with open_clip(shoot.clip) as clip:
        pipeline.check_shots(clip, range(CUT), lambda _number: requests, progress.append)
        pipeline.check_shots(clip, range(FRAMES), lambda number: requests if number < CUT else [])
        with pytest.raises(RefusalError, match="the shot shows nudity"):
            pipeline.check_shots(clip, range(FRAMES), lambda _number: requests, progress.append)
    assert progress == [0, 0, CUT]
    assert pipeline.report().stages["swap"]["run"] == 0
    pipeline.close()


def test_forms_are_learned_from_frames_while_these_are_looked_at_for_nudity(shoot: Shoot) -> None:
    request = replace(shoot.request(), recipe=with_settings(Recipe(), ["swap.shape=1"]))

    def forms(*, looks: bool) -> str:
        pipeline = make_pipeline(shoot.settings(), MemoryStore(1 << 26), Uncoordinated())
        with closing(pipeline), PrefetchingClip(open_clip(shoot.clip)) as clip:
            if looks:
                pipeline.check_shots(clip, range(CUT), lambda _number: [request])
                clip.read = None  # no frame is decoded for the forms alone
            return pipeline.target_forms(clip, request.recipe)

    assert forms(looks=True) == forms(looks=False) != ""


def test_batches_sheets_and_scripts_refuse_it_too(shoot: Shoot, tmp_path: Path) -> None:
    report, cache = tmp_path / "report.json", ["--cache-dir", str(shoot.folder / "cli"), "--quiet"]
    faces, output = ["--faces", str(shoot.face)], ["--output", str(tmp_path / "{clip_stem}.mkv")]
    batch = ["batch", "--clips", str(shoot.clip), *faces, *output]
    assert main([*batch, "--report", str(report), *cache]) != 0
    (row,) = json.loads(report.read_text())["rows"]
    assert "the shot shows nudity" in row["fault"]
    assert not list(tmp_path.glob("*.mkv"))

    sheet = ["sheet", str(shoot.clip), *faces, "--frames", "2,20", "--output", str(tmp_path / "sheet.png")]
    main([*sheet, "--json", str(report), *cache])
    cells = [cell for cell in json.loads(report.read_text())["cells"] if cell["state"] != "unchanged"]
    assert [cell["state"] for cell in cells] == ["changed", "failed"]
    assert "the shot shows nudity" in cells[1]["fault"]

    with ClipSession(shoot.clip, [shoot.request()], shoot.settings("cli")) as session:
        assert session.recast_frame(2).face_count == 1
        with pytest.raises(RefusalError, match="the shot shows nudity"):
            session.recast_frame(20)


def test_everybody_who_gives_or_loses_a_face_has_to_consent_to_such_scenes_by_name(
    shoot: Shoot, render: Callable[..., dict], tmp_path: Path
) -> None:
    records = tmp_path / "records.json"
    source, clip = shoot.record(shoot.face), shoot.record(shoot.clip)
    replaced = "no consent of the person who is replaced names such scenes"

    def said(*kept: ConsentRecord, more: tuple[str, ...] = (), code: int = 1) -> str:
        write_records(records, kept)
        said = render(20, 20, "--consent-file", str(records), *more, code=code)["said"]
        assert "plantedname" not in said
        return str(said)

    assert "no consent of the source person" in said(clip)
    assert replaced in said(source)
    assert replaced in said(source, shoot.record(shoot.clip, until=ENDED))
    assert replaced in said(source, shoot.record(shoot.clip, use=f"no {NUDE_SCENES}"))
    assert said(source, clip, code=0) == ""
    assert said(clip, more=("--consent", f"the lead; {NUDE_SCENES}"), code=0) == ""


def test_a_record_for_such_scenes_is_added_by_the_command_line(
    shoot: Shoot, render: Callable[..., dict], tmp_path: Path
) -> None:
    file = str(tmp_path / "records.json")
    for words in (
        ["--person", "Ann", "--face", shoot.face, "--use", "the lead"],
        ["--person", "Bo", "--clip", shoot.clip],
    ):
        assert main(["consent", "add", "--file", file, "--nude-scenes", *map(str, words)]) == 0
    uses = [entry["use"] for entry in json.loads(Path(file).read_text())["records"]]
    assert uses == [f"the lead; {NUDE_SCENES}", NUDE_SCENES]
    assert render(20, 20, "--consent-file", file)["frames_changed"] == 1


def test_without_the_model_or_with_the_safeguard_off_nothing_is_looked_at_and_keys_are_the_same(
    shoot: Shoot,
) -> None:

    def keys(settings: RunSettings) -> tuple[str, bool]:
        pipeline = make_pipeline(settings, MemoryStore(1 << 26), Uncoordinated())
        with open_clip(shoot.clip) as clip:
            plan = pipeline.plan(clip, 2, [shoot.request()])
        report = pipeline.report()
        pipeline.close()
        assert plan.may_label
        return plan.key.hex, "nudity" in report.stages

    on = keys(shoot.settings())
    assert on[1]
    assert keys(shoot.settings(models=shoot.folder / "empty")) == (on[0], False)
    assert keys(shoot.settings(safeguard=False)) == (on[0], False)


def test_layer_images_of_such_a_shot_show_the_original_until_everybody_consents(
    shoot: Shoot, tmp_path: Path
) -> None:
    """An image of before the consent ended is taken back: its label never says that it need not be asked for."""
    layer, records = layer_path(tmp_path), tmp_path / "records.json"

    def update(until: date | None = None, *, safeguard: bool = True) -> tuple[str, ...]:
        request = shoot.request(consent=NUDE_SCENES, until=until)
        session = LayerSession(shoot.settings(consent_file=records, safeguard=safeguard))
        try:
            session.update_layer(shoot.job(20, layer, request))
            return session.warnings
        finally:
            session.close()

    write_records(records, [])
    (warning,) = update()
    assert warning.startswith("strip, frame 21: clip.mp4, frames 12 to 23: the shot shows nudity")
    assert warning.endswith("; the original is shown")
    assert layer.read_bytes() == PLACEHOLDER
    write_records(records, [shoot.record(shoot.clip)])
    assert update() == ()
    assert layer_label(layer).summary is None
    assert len(layer.read_bytes()) > len(PLACEHOLDER)
    assert len(update(until=ENDED)) == 1
    assert layer.read_bytes() == PLACEHOLDER
    # Nor does the label of an image that was made without the safeguard.
    assert update(until=ENDED, safeguard=False) == ()
    assert layer_label(layer).summary is not None
    assert len(update(until=ENDED)) == 1
    assert layer.read_bytes() == PLACEHOLDER


def test_consent_counts_for_another_image_no_more_once_it_replaced_the_file(
    shoot: Shoot, tmp_path: Path
) -> None:
    layer, records, face = layer_path(tmp_path), tmp_path / "records.json", tmp_path / "face.png"
    face.write_bytes(shoot.face.read_bytes())
    write_records(records, [shoot.record(shoot.clip), shoot.record(face)])
    session = LayerSession(shoot.settings(consent_file=records))
    request = replace(shoot.request(), identity=Identity((FaceImage(face),)))
    try:
        assert session.update_layer(shoot.job(20, layer, request))
        assert session.warnings == ()
        face_clip.write_picture(face, face_clip.make_up_portrait((20, 20, 230)))
        session.update_layer(shoot.job(21, layer, request))
        assert "no consent of the source person" in session.warnings[0]
    finally:
        session.close()
    assert layer.read_bytes() == PLACEHOLDER


@pytest.fixture
def worker(shoot: Shoot, tmp_path: Path) -> Callable[[SwapRequest], tuple[str, str]]:
    """Have a worker make an image of the nude shot; returns what it shows, and why."""
    records = tmp_path / "records.json"
    write_records(records, [shoot.record(shoot.clip)])

    def run(request: SwapRequest) -> tuple[str, str]:
        answers: list[tuple[str, object]] = []
        settings = json.loads(json.dumps(settings_values(shoot.settings(consent_file=records))))
        run = WorkerRun(settings, lambda kind, value: answers.append((kind, value)))
        job = shoot.job(20, layer_path(tmp_path), request)
        run.handle("clip", {"id": 1, **source_values(job.source)})
        run.handle("cast", {"id": 2, "castings": [request_values(request)]})
        values = {"strip": "strip", "frame": 21, "clip": 1, "cast": 2, "number": 20}
        run.handle("job", {"id": 3, **values, "picture": str(job.layer_path)})
        run.end()
        (done,) = (value for kind, value in answers if kind == "done")
        return done["shown"], done["reason"]

    return run


def test_a_worker_hears_of_consent_only_while_it_holds(
    shoot: Shoot, worker: Callable[[SwapRequest], tuple[str, str]]
) -> None:
    assert worker(shoot.request(consent=NUDE_SCENES)) == ("swapped", "")
    shown, reason = worker(shoot.request(consent=NUDE_SCENES, until=ENDED))
    assert shown == "failed"
    assert "no consent of the source person names such scenes" in reason


def test_who_is_replaced_is_known_by_images_only_where_faces_are_chosen_by_them(shoot: Shoot) -> None:
    today = date.today()
    with open_clip(shoot.clip) as opened:
        clip_id = opened.clip_id
    source, clip, replaced = (shoot.record(path) for path in (shoot.face, shoot.clip, shoot.replaced))
    request = replace(shoot.request(), target_references=(FaceImage(shoot.replaced),))
    by_image = replace(request, recipe=with_settings(Recipe(), ["select.which=reference"]))
    assert nude_scene_fault([by_image], clip_id, [source, replaced], today) == ""
    assert "who is replaced" in nude_scene_fault([by_image], clip_id, [source, clip], today)
    assert "who is replaced" in nude_scene_fault([request], clip_id, [source, replaced], today)
    assert nude_scene_fault([request], clip_id, [source, clip], today) == ""
    # Two faces of a frame are two people.
    fault = nude_scene_fault([request, request], clip_id, [source, clip, clip], today)
    assert fault == "of 2 people who are replaced 1 have a consent that names such scenes"
    other = replace(clip, person="another")
    assert nude_scene_fault([request, request], clip_id, [source, clip, other], today) == ""


def test_an_image_sequence_is_looked_at_as_if_it_had_24_frames_a_second(shoot: Shoot, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number:02d}.png" for number in range(26)]
    for path in paths:
        face_clip.write_picture(path, face_clip.portrait())
    pipeline = make_pipeline(shoot.settings(), MemoryStore(1 << 26), Uncoordinated())
    with open_sequence(paths) as clip:
        pipeline.plan(clip, 0, [shoot.request()])
    # All images are one: the first, the one after a second and the last have one score.
    assert nudity({"stages": pipeline.report().stages}) == {"run": 1, "hit": 2}
    pipeline.close()
