# SPDX-License-Identifier: GPL-3.0-or-later
"""Casting in the window: five takes of a long strip, flipped while it plays; a grid of values, a sheet of people."""

from pathlib import Path

import numpy as np
import pytest
from gui.cast import write_cast
from gui.conftest import keep_for_docs
from gui.screen import check_overlay, crop_to_region, difference, read

from tools.bench_render.window import WATCHES

pytestmark = pytest.mark.long  # 1,500 layers

SCENARIOS = Path(__file__).parent / "scenarios"
LENGTH = 300
TAKES = ["clown", "elf", "harlequin", "panda", "tiger"]
PICTURES = ("playing", "still", "other")
_TEXT_PIXELS = 90
"""How much of the preview's bottom may say that its layer is looked at."""
_EDGE = 24
"""Within which pixels Blender draws handles of its own, as the pointer passes."""


@pytest.fixture(scope="module")
def casting_files(given, tmp_path_factory):
    """What Blender may read, with a clip of 300 frames and five people."""
    from tools.demo.portrait import load_portrait
    from tools.demo.synthetic_clip import write_clip

    folder, portrait = tmp_path_factory.mktemp("cast"), load_portrait()
    (folder / "cast").mkdir()
    write_cast(portrait, folder / "cast")
    write_clip(portrait, folder / "long.mp4", LENGTH, 360.01 / 1080)
    beside = {name: SCENARIOS / name for name in ("take_watcher.py", "sheet_window.py")}
    return {
        "understudy.zip": given["understudy.zip"],
        "long.mp4": folder / "long.mp4",
        "cast": folder / "cast",
        "screen_watcher.py": WATCHES["screen_watcher.py"],
        **beside,
    }


@pytest.fixture(scope="module")
def room_of_scenario(installed_room):
    return installed_room("casting")


@pytest.fixture(scope="module")
def played(room_of_scenario, casting_files):
    """The scenario, played in a window; what it told."""
    facts = room_of_scenario.window(SCENARIOS / "casting.py", casting_files, factory=False, timeout=1200)
    keep_for_docs(room_of_scenario.work, "2[1-5]_*.png")
    print({name: facts[name] for name in ("prepare_seconds", "handler_milliseconds")})
    return facts


@pytest.fixture(scope="module")
def watched(room_of_scenario, played):
    """Of each take and frame that the screen showed as the strip played: then, later, and later with the next take."""
    with np.load(room_of_scenario.work / "watched.npz") as data:
        pictures = {name: data[name][:, :-_TEXT_PIXELS] for name in PICTURES}
        return [
            (tuple(place), *three) for place, *three in zip(data["watched"], *pictures.values(), strict=True)
        ]


@pytest.fixture(scope="module")
def preview(room_of_scenario, played):
    """The face in a picture of the screen: what is between the edges and texts of the preview, (h, w, 3) BGR."""

    def cut(name):
        screen = read(room_of_scenario.work / f"{name}.png")
        return crop_to_region(screen, played["region"], above=100, below=140, beside=_EDGE)

    return cut


def test_five_people_are_cast_in_one_go_and_prepared(played):
    assert played["takes"] == TAKES
    assert played["prepared"] == ["", "", False]
    assert all(played["faces"])  # in the list, without that any but the first was shown


def test_a_flip_while_it_plays_shows_no_frame_of_another_take(played, watched):
    assert played["places"] == [(played["places"][0] + flip) % 5 for flip in range(len(played["places"]))]
    order = [tuple(place) for place in played["order"]]
    assert {take for take, _ in order} == set(range(5))
    assert len({frame for _, frame in order}) > 20
    assert len(watched) > 20
    for place, shown, still, other in watched:
        assert (difference(shown, still) > 1).sum() == 0, place
        assert (difference(shown, other) > 8).sum() > 2000, place


def test_two_takes_are_compared(played, preview):
    assert (played["split"], played["flip"]) == (["SPLIT", ""], "ORIGINAL")
    result, flipped, split = (preview(f"compare_{name}") for name in ("result", "flipped", "split"))
    edge = played["region"][2] // 2 - _EDGE
    check_overlay(preview("compare_other"), flipped)
    check_overlay(split[:, : edge - 2], flipped[:, : edge - 2])
    assert difference(split[:, edge + 2 :], result[:, edge + 2 :]).max() == 0
    assert (difference(result, flipped) > 8).sum() > 2000


def test_two_settings_are_compared_from_a_sliders_menu_and_a_cell_is_used_and_undone(played):
    grid = played["grid"]
    assert (grid["status"], grid["places"], grid["editors"]) == ("10 of 10 cells", 9, [True])
    assert grid["labels"][:2] == ["Light and Color 0.5, Blend 0.6", "Light and Color 0.7, Blend 0.6"]
    assert played["before"] == [0.9, 1.0]
    assert played["used"] == [0.5, 0.6]
    assert played["undone"] == played["before"]


def test_a_sheet_of_the_takes_opens_in_the_image_editor(played):
    people = played["people"]
    assert (people["status"], people["labels"], people["editors"]) == ("18 of 18 cells", TAKES, [True])
    assert "Traceback" not in played["output"]
