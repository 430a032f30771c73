# SPDX-License-Identifier: GPL-3.0-or-later
"""What a farm is told of a project: its files and whether they travel, its ready frames, and what would fail."""

import shutil
from pathlib import Path

import pytest
from understudy.core.farm.facts_file import read_facts_file
from understudy.core.farm.plan import Chunk

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

LAST = 8


def begin(driver, footage, name, picture=None):
    """Make a project whose clip and image lie beside it; returns the folder and the steps."""
    folder = driver.folder / name
    folder.mkdir()
    movie, person = (shutil.copy(path, folder) for path in (footage.movie, picture or footage.person))
    return folder, [
        ["project", {"size": [320, 240], "frames": [1, LAST], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": movie}],
        ["cast", {"name": "clip", "picture": person}],
        ["setup", {"render__filepath": "//render/shot_###"}],
    ]


def facts_step(folder, **arguments):
    words = {"name": "understudy.write_farm_facts", "filepath": str(folder / "facts.json"), **arguments}
    return ["op", words]


def facts_of(driver, folder, *steps, **arguments):
    answer = driver(*steps, facts_step(folder, **arguments))[-1]
    assert answer == ["FINISHED"], answer
    return read_facts_file(folder / "facts.json")


def assets_of(facts, kind):
    return [asset for asset in facts.assets if asset.kind == kind]


def test_a_project_says_what_it_needs_and_what_is_ready_and_stays_as_it_is(every_blender, footage):
    folder, steps = begin(every_blender, footage, "ready")
    every_blender(
        *steps,
        ["setup", {"frame_end": 5}],
        ["work", {}],
        ["setup", {"frame_end": LAST}],
        ["relative_paths", {}],
        ["save", {}],
    )
    project = str(folder / "p.blend")
    files = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    before, _, after = every_blender(
        ["load", {"path": project}], ["fingerprint", {}], facts_step(folder), ["fingerprint", {}]
    )[1:]
    assert after == before
    facts = read_facts_file(folder / "facts.json")
    assert {path: path.stat().st_mtime_ns for path in files} == files
    assert set(folder.rglob("*")) - set(files) == {folder / "facts.json"}

    assert (facts.first_frame, facts.last_frame, facts.frame_step) == (1, LAST, 1)
    assert facts.output == str(folder / "render" / "shot_###.png")
    assert (facts.stored_output, facts.file_extension, facts.writes_movie) == (
        "//render/shot_###",
        ".png",
        False,
    )
    (strip,) = facts.strips
    assert (strip.name, strip.first_frame, strip.last_frame, strip.frame_size) == (
        "clip",
        1,
        LAST,
        (320, 240),
    )
    assert (strip.ready_frame_count, strip.ready_ranges, strip.faults) == (5, (Chunk(1, 5),), ())
    assert (facts.faults, facts.warnings, facts.environment) == ((), (), {})
    assert all(asset.travels and asset.byte_count and not asset.advice for asset in facts.assets), (
        facts.assets
    )
    kinds = {asset.kind: asset.path for asset in facts.assets}
    assert kinds == {
        "project": folder / "p.blend",
        "clip": folder / Path(footage.movie).name,
        "image": folder / "person.png",
        "layers": folder / "understudy_cache" / "layers",
        "cache": folder / "understudy_cache",
    }


def test_other_frames_are_looked_at_where_they_are_asked_for(drive, footage):
    folder, steps = begin(drive, footage, "part")
    drive(*steps, ["work", {}], ["save", {}])
    facts = facts_of(drive, folder, ["load", {"path": str(folder / "p.blend")}], frame_start=7, frame_end=10)
    assert (facts.first_frame, facts.last_frame) == (7, 10)
    assert facts.strips[0].ready_ranges == (Chunk(7, 8),)
    answer = drive(
        ["load", {"path": str(folder / "p.blend")}], facts_step(folder, frame_start=9, frame_end=7)
    )[-1]
    assert "there is no frame to render" in answer


def test_a_project_that_is_not_saved_has_no_facts(drive):
    answer = drive(["project", {"size": [320, 240], "frames": [1, 2]}], facts_step(drive.folder))[-1]
    assert "the project was never saved" in answer


def test_what_stays_behind_and_what_is_missing_is_said(drive, footage):
    folder, steps = begin(drive, footage, "away")
    others = [["movie", {"name": "other", "file": footage.movie, "channel": 3}]]
    pictures = [["pictures", {"name": "images", "files": footage.files[:4], "channel": 4}]]
    facts = facts_of(drive, folder, *steps, *others, *pictures, ["save", {}])
    (clip,), (image,) = assets_of(facts, "clip"), assets_of(facts, "image")
    assert (clip.travels, clip.path.parent) == (False, folder)
    assert "Make Paths Relative" in clip.advice
    assert image.travels  # Understudy itself makes its paths relative
    media = {asset.path: asset for asset in assets_of(facts, "media")}
    assert media.keys() == {Path(footage.movie), footage.folder}
    assert media[footage.folder].byte_count == sum(Path(file).stat().st_size for file in footage.files[:4])
    assert media[footage.folder].stored_path.endswith("/picture_###.png")

    clip.path.unlink()
    (folder / "person.png").unlink()
    facts = facts_of(drive, folder, ["load", {"path": str(folder / "p.blend")}])
    missing = {asset.kind: asset.advice for asset in facts.assets if asset.byte_count is None}
    assert missing["clip"] == missing["image"] == "it is missing: put it back, or choose another"
    assert facts.strips[0].faults == (
        "Face Swap: image missing (person.png): put it back, or choose another",
    )


def test_a_packed_image_travels(drive, footage):
    folder, steps = begin(drive, footage, "packed", footage.second_person)
    drive(*steps, ["save", {}], ["pack_images", {}], ["save", {}])
    (folder / "second.png").unlink()
    facts = facts_of(drive, folder, ["load", {"path": str(folder / "p.blend")}])
    (image,) = assets_of(facts, "image")
    assert (image.travels, image.advice) == (True, "")
    assert image.byte_count == Path(footage.second_person).stat().st_size
    assert facts.strips[0].faults == ()


def test_an_image_without_a_face_and_a_missing_model_are_faults_as_a_render_words_them(drive, footage):
    folder, steps = begin(drive, footage, "nobody", footage.nobody)
    (fault,) = facts_of(drive, folder, *steps, ["save", {}]).strips[0].faults
    assert fault.startswith("Face Swap: ")
    assert "nobody.png" in fault
    answer = drive(["load", {"path": str(folder / "p.blend")}], ["op", {"name": "understudy.prepare"}])[-1]
    assert fault.removeprefix("Face Swap: ") in answer

    folder, steps = begin(drive, footage, "model")
    steps += [["tune", {"settings": {"swap.swapper": "inswapper"}}]]
    facts = facts_of(drive, folder, *steps, ["save", {}])
    (model,) = assets_of(facts, "model")
    assert (model.byte_count, model.travels) == (None, False)
    assert f"model missing ({model.stored_path}): " in facts.strips[0].faults[0]


def test_a_scene_without_its_strips_and_a_cache_folder_that_is_not_allowed_are_faults(
    drive, footage, tmp_path
):
    folder, steps = begin(drive, footage, "refused")
    steps += [["setup", {"render__use_sequencer": False, "understudy__cache_folder": str(tmp_path)}]]
    faults = facts_of(drive, folder, *steps, ["save", {}]).faults
    assert len(faults) == 2
    assert "turn on Sequencer" in faults[0]
    assert f"names the cache folder {tmp_path}" in faults[1]


def test_strips_of_a_scene_that_is_played_are_counted_in_the_frames_of_the_timeline(drive, footage):
    folder, steps = begin(drive, footage, "nested")
    steps += [["setup", {"frame_end": 4}], ["work", {}], ["setup", {"frame_end": LAST}]]
    nest = ["play_in_new_scene", {"start": 11, "length": 5, "offset": 1}]
    facts = facts_of(drive, folder, *steps, ["save", {}], nest)
    (strip,) = facts.strips
    # Frame 11 shows the second frame of the scene within.
    assert (strip.name, strip.first_frame, strip.last_frame) == ("clip", 11, 15)
    assert (strip.ready_ranges, strip.ready_frame_count) == ((Chunk(11, 13),), 3)


def test_a_prepared_project_is_read_without_opening_its_clip(prepared, tmp_path):
    """In a process of its own: nothing has loaded what decodes, and nothing does."""
    from blender_driver import Driver

    answers = Driver(tmp_path)(["load", {"path": prepared}], facts_step(tmp_path), ["loaded_libraries", {}])
    assert answers[1:] == [["FINISHED"], []]
    assert read_facts_file(tmp_path / "facts.json").strips[0].ready_frame_count == LAST
