# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of source persons go where their project goes: relative, found by what looks for files, packed."""

import hashlib
import shutil
from pathlib import Path

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

FRAMES = 2


def begin(driver, footage, name):
    """A folder with a clip, an image of a person and a project that was saved there, and steps that make it."""
    folder = driver.folder / name
    folder.mkdir()
    clip, person = (shutil.copy(path, folder) for path in (footage.movie, footage.person))
    return folder, Path(person), [
        ["project", {"size": [320, 240], "frames": [1, FRAMES], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": str(clip)}],
        ["cast", {"name": "clip", "picture": str(person)}],
    ]  # fmt: skip


def test_an_image_is_named_from_where_its_project_is_and_found_by_what_looks_for_files(
    every_blender, footage
):
    folder, person, steps = begin(every_blender, footage, "saved")
    answers = every_blender(*steps, ["save", {}], ["source_images", {}], ["load", {"path": str(folder / "p.blend")}],
                            ["source_images", {}], ["traced_files", {}])  # fmt: skip
    saved, _, (loaded,), traced = answers[-4:]
    assert saved == [loaded]
    assert (loaded["filepath"], loaded["file"]) == (f"//{person.name}", str(person))
    assert str(person) in traced


def test_a_project_that_goes_to_another_root_takes_the_image_along(every_blender, footage):
    folder, person, steps = begin(every_blender, footage, "first root")
    every_blender(*steps, ["save", {}])
    other = every_blender.folder / "second root"
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("understudy_cache"))
    shutil.rmtree(folder)
    (image,) = every_blender(["load", {"path": str(other / "p.blend")}], ["source_images", {}])[-1]
    assert image["file"] == str(other / person.name)
    assert image["sha256"]


def test_saved_in_another_folder_it_names_the_same_file_and_a_copy_does_too(every_blender, footage):
    folder, person, steps = begin(every_blender, footage, "origin")
    (folder / "copies").mkdir()
    (folder / "moved").mkdir()
    copy, moved = folder / "copies" / "p.blend", folder / "moved" / "p.blend"
    answers = every_blender(
        *steps, ["choose_face", {"number": 1}], ["save", {}],
        ["save_copy", {"path": str(copy)}], ["source_images", {}],
        ["save", {"path": str(moved)}], ["source_images", {}], ["traced_files", {}],
        ["load", {"path": str(copy)}], ["source_images", {}], ["traced_files", {}],
        ["load", {"path": str(moved)}], ["source_images", {}], ["traced_files", {}],
    )[-10:]  # fmt: skip
    after_copy, _, after_move, traced_after_move, _, of_copy, traced_by_copy, _, of_moved, traced_by_moved = (
        answers
    )
    assert after_copy[0]["filepath"] == f"//{person.name}"
    assert (
        after_move[0]["filepath"]
        == of_copy[0]["filepath"]
        == of_moved[0]["filepath"]
        == f"//../{person.name}"
    )
    for images in (after_copy, after_move, of_copy, of_moved):
        assert (images[0]["file"], images[0]["face"]) == (str(person), 1)
    for traced in (traced_after_move, traced_by_copy, traced_by_moved):
        assert str(person) in traced


def test_a_packed_image_is_read_from_the_project(every_blender, footage):
    folder, person, steps = begin(every_blender, footage, "packed")
    digest = hashlib.sha256(person.read_bytes()).hexdigest()
    every_blender(*steps, ["save", {}], ["pack_files", {}], ["save", {}])
    person.unlink()
    loaded, rendered = every_blender(
        ["load", {"path": str(folder / "p.blend")}],
        ["source_images", {}],
        ["render", {"out": str(folder / "out_"), "report": str(folder / "report.json")}],
    )[-2:]
    assert loaded[0]["sha256"] == digest
    assert Path(loaded[0]["file"]).stem == digest
    assert rendered["shown"]["swapped"] == FRAMES


def test_without_the_preference_a_path_stays_as_it_was_given(drive, footage):
    _, person, steps = begin(drive, footage, "absolute")
    (image,) = drive(["own_paths_relative", {"enabled": False}], *steps, ["save", {}], ["source_images", {}])[
        -1
    ]
    assert image["filepath"] == str(person)
