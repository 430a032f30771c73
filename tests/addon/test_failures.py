# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong is told, the original is shown, and the render goes on."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from understudy.core.layers.label import layer_key

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]


def project(drive, name, frames=(1, 3)):
    """Steps that begin a project in a folder of its own; returns the folder and the steps."""
    folder = drive.folder / name
    folder.mkdir()
    return folder, [["project", {"size": [320, 240], "frames": frames, "save": str(folder / "p.blend")}]]


def render(drive, name):
    return ["render", {"out": drive.out(name), "report": str(drive.folder / f"{name}.json")}]


def assert_originals(drive, name, footage):
    for frame, picture in drive.pictures(name, 3).items():
        assert np.abs(picture.astype(int) - footage.frames[frame - 1]).mean() < 2
        assert footage.number_in(picture) == frame - 1


def test_a_clip_that_went_missing(drive, footage):
    folder, begin = project(drive, "gone")
    movie = folder / "own.mp4"
    shutil.copy(footage.movie, movie)
    drive(
        *begin,
        ["movie", {"name": "lost clip", "file": str(movie)}],
        ["movie", {"name": "good clip", "file": footage.movie, "channel": 4, "start": 3}],
        ["cast", {"name": "lost clip", "picture": footage.person}],
        ["cast", {"name": "good clip", "picture": footage.person}],
        ["save", {}],
    )
    movie.unlink()
    report = drive(["load", {"path": str(folder / "p.blend")}], render(drive, "gone"))[-1]
    assert len(drive.pictures("gone", 3)) == 3
    assert any("lost clip, frame 1:" in text and "own.mp4" in text for text in report["warnings"])
    assert not any("good clip" in text for text in report["warnings"])
    assert report["stages"]["fuse"]["run"] == 1
    assert "Understudy: Warning: lost clip, frame 1" in drive.output


def test_a_movie_that_was_replaced_and_can_not_be_opened_again_is_said(drive, footage):
    folder, begin = project(drive, "replaced")
    movie = folder / "own.mp4"
    shutil.copy(footage.movie, movie)
    shutil.copy(footage.movie, folder / "other.mp4")
    with (folder / "other.mp4").open("ab") as file:
        file.write(b"another file")
    report = drive(
        *begin,
        ["movie", {"name": "clip", "file": str(movie)}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["save", {}],
        ["load", {"path": str(folder / "p.blend")}],
        ["replace_file", {"file": str(movie), "content": str(folder / "other.mp4")}],
        # The main thread waits for it, so it can't be asked to open the movie.
        ["render_calls_from_a_thread", {"frame": 2, "report": str(folder / "r.json")}],
    )[-1]
    assert any(
        text.startswith("clip, frame 2: clip plays a file that was replaced: ")
        for text in report["shown"]["failures"]
    )


def test_a_image_without_a_face(drive, footage, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_ORIGINALS", "render")
    _, begin = project(drive, "nobody")
    answers = drive(
        *begin,
        ["movie", {"name": "clip", "file": footage.movie}],
        ["op", {"name": "understudy.modifier_add", "active": "clip"}],
        ["op", {"name": "understudy.picture_add", "filepath": footage.nobody}],
        ["op", {"name": "understudy.prepare"}],
        render(drive, "nobody"),
    )
    assert answers[3] == ["FINISHED"]
    assert "no face was found in nobody.png" in answers[4]
    assert "no face was found in nobody.png" in drive.output
    assert len(answers[5]["warnings"]) == 3
    assert all("no face was found" in text and "original is shown" in text for text in answers[5]["warnings"])
    assert_originals(drive, "nobody", footage)


def test_a_face_that_becomes_impossible_leaves_nothing_old(drive, footage, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_ORIGINALS", "render")
    _, begin = project(drive, "was")
    answers = drive(
        *begin,
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["render", {"out": drive.out("good")}],
        ["recast", {"picture": str(drive.folder / "not_there.png")}],
        render(drive, "was"),
        ["recast", {"picture": footage.person}],
        render(drive, "back"),
    )
    good, back = drive.pictures("good", 3), drive.pictures("back", 3)
    assert any("not_there.png" in text for text in answers[5]["warnings"])
    assert_originals(drive, "was", footage)
    assert np.abs(good[2].astype(int) - footage.frames[1]).max() > 20
    assert all((good[frame] == back[frame]).all() for frame in good)
    assert answers[7]["warnings"] == []


def test_nobody_cast_yet(drive, footage, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_ORIGINALS", "render")
    folder, begin = project(drive, "empty")
    half = folder / "half.png"
    half.write_bytes(Path(footage.person).read_bytes()[:64])
    answers = drive(
        *begin,
        ["movie", {"name": "clip", "file": footage.movie}],
        ["op", {"name": "understudy.modifier_add", "active": "clip"}],
        render(drive, "empty"),
        ["op", {"name": "understudy.picture_add", "filepath": "/not/there.png"}],
        ["op", {"name": "understudy.picture_add", "filepath": footage.movie}],
        [
            "op",
            {
                "name": "understudy.casting_sheet",
                "active": "clip",
                "directory": str(footage.folder),
                "files": [{"name": Path(footage.movie).name}],
            },
        ],
        ["op", {"name": "understudy.picture_add", "filepath": str(half)}],
        [
            "op",
            {
                "name": "understudy.takes_add_images",
                "active": "clip",
                "directory": str(folder),
                "files": [{"name": half.name}],
            },
        ],
        ["source_images", {}],
    )
    assert all("add an image of the source person" in text for text in answers[3]["warnings"])
    assert "/not/there.png" in answers[4]
    assert all(f"{Path(footage.movie).name} is not an image: use a PNG" in answer for answer in answers[5:7])
    assert all("can't use the image half.png: it can't be read as an image" in text for text in answers[7:9])
    assert answers[9] == []
    assert_originals(drive, "empty", footage)


def test_no_cache_folder_can_be_made(drive, footage):
    folder, begin = project(drive, "blocked")
    (folder / "file").write_text("not a folder")
    answers = drive(
        *begin,
        ["movie", {"name": "clip", "file": footage.movie}],
        ["setup", {"understudy__cache_folder": str(folder / "file" / "cache")}],
        ["op", {"name": "understudy.modifier_add", "active": "clip"}],
        ["cast_by_script", {"name": "clip", "picture": footage.person}],
        ["facts", {}],
        render(drive, "blocked"),
    )
    assert "choose another cache folder" in answers[3]
    assert len(answers[4]) == 1
    assert "choose another cache folder" in answers[4][0]
    assert sum("choose another cache folder" in text for text in answers[6]["warnings"]) >= 1
    assert any("no layer strip" in text for text in answers[6]["warnings"])
    assert_originals(drive, "blocked", footage)


def test_without_a_usable_cache_the_render_still_shows_the_new_face(drive, footage):
    folder, begin = project(drive, "foreign")
    drive(
        *begin,
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["save", {}],
    )
    cache = folder / "understudy_cache"
    for name in ("format", "CACHEDIR.TAG"):
        (cache / name).unlink()
    (cache / "notes.txt").write_text("somebody else's")
    report = drive(["load", {"path": str(folder / "p.blend")}], render(drive, "foreign"))[-1]
    # The folder is not ours any more, so the layers in it are not written either: this render has them elsewhere.
    (warning,) = report["warnings"]
    assert warning.startswith(f"{cache} holds other files")
    assert "this render has its layers in" in warning
    assert warning.endswith("and keeps no results")
    assert report["stages"]["fuse"]["run"] == 3
    for frame, picture in drive.pictures("foreign", 3).items():
        assert np.abs(picture.astype(int) - footage.frames[frame - 1]).max() > 20


def test_damaged_and_missing_layer_images_are_made_again(drive, footage):
    folder, begin = project(drive, "damaged")
    drive(
        *begin,
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["render", {"out": drive.out("whole")}],
        ["save", {}],
    )
    layers = sorted((folder / "understudy_cache" / "layers").rglob("*.tif"))
    layers[0].unlink()
    layers[1].write_bytes(layers[1].read_bytes()[:-5000])
    assert layer_key(layers[1]) is None
    report = drive(["load", {"path": str(folder / "p.blend")}], render(drive, "again"))[-1]
    assert report["stages"]["fuse"] == {**report["stages"]["fuse"], "run": 2, "hit": 1}
    assert report["models_loaded"] == report["stages"]["swap"]["run"] == 0
    whole, again = drive.pictures("whole", 3), drive.pictures("again", 3)
    assert all((whole[frame] == again[frame]).all() for frame in whole)


def test_a_clip_that_feeds_an_effect_is_no_reason_for_a_warning(drive, footage):
    _, begin = project(drive, "effect")
    answers = drive(
        *begin,
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        [
            "effect",
            {"name": "blur", "kind": "GAUSSIAN_BLUR", "channel": 5, "start": 1, "length": 5, "of": "clip"},
        ],
        render(drive, "effect"),
    )
    assert answers[4]["warnings"] == []
    assert answers[4]["frames"] == answers[4]["faces"] == 3


def test_a_layer_that_was_deleted_comes_back(drive, footage):
    _, begin = project(drive, "deleted")
    answers = drive(
        *begin,
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["remove", {"name": "clip Understudy"}],
        ["op", {"name": "understudy.refresh"}],
        ["facts", {}],
        ["remove", {"name": "clip"}],
        ["op", {"name": "understudy.refresh"}],
        ["facts", {}],
    )
    assert sorted(answers[5]["strips"]) == ["clip", "clip Understudy"]
    assert answers[8]["strips"] == {}


def test_the_report_goes_only_where_it_can(drive, footage):
    _, begin = project(drive, "report")
    answers = drive(
        *begin,
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["render", {"out": drive.out("report"), "report": str(Path(drive.folder) / "no" / "folder.json")}],
    )
    assert answers[3] is None
    assert "can't write the report" in drive.output
    assert len(drive.pictures("report", 3)) == 3


def test_layer_images_that_were_never_made_show_nothing(drive, footage):
    folder, begin = project(drive, "unmade")
    drive(
        *begin,
        ["movie", {"name": "clip", "file": footage.movie}],
        ["render", {"out": drive.out("plain")}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["save", {}],
        ["without_understudy", {"path": str(folder / "p.blend")}],
        ["render", {"out": drive.out("unmade")}],
    )
    assert {layer_key(path) for path in (folder / "understudy_cache" / "layers").rglob("*.tif")} == {None}
    plain, unmade = drive.pictures("plain", 3), drive.pictures("unmade", 3)
    assert all((plain[frame] == unmade[frame]).all() for frame in plain)


def test_on_a_render_thread_only_files_are_written(drive, footage):
    folder, begin = project(drive, "thread")
    answers = drive(
        *begin,
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["duplicate", {"names": ["clip"], "by": 40}],
        ["facts", {}],
        ["render_calls_from_a_thread", {"frame": 2, "report": str(folder / "thread.json")}],
        ["facts", {}],
        ["op", {"name": "understudy.refresh"}],
        ["facts", {}],
    )
    assert answers[4] == answers[6] != answers[8]
    assert answers[5]["stages"]["fuse"]["run"] == 1
    written = [
        path.name for path in (folder / "understudy_cache" / "layers").rglob("*.tif") if layer_key(path)
    ]
    # The copied clip got a stack of its own, and with it the picture that there was.
    assert written == ["000001.tif", "000001.tif"]
