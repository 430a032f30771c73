# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy render --swaps`: several people of one clip, and settings for some of its frames."""

import hashlib
import json

import numpy as np
import pytest
from understudy.core.cli.main import main

from tests.core.batch_folder import folder, frames, two_people, write_clip

pytestmark = pytest.mark.slow

__all__ = ["folder"]

COUNT = 6


@pytest.fixture(scope="module")
def place(folder, tmp_path_factory):
    """A folder with a clip of two people."""
    made = tmp_path_factory.mktemp("swaps")
    write_clip(made / "pair.mp4", range(COUNT), two_people)
    return made


def render(place, folder, name, *more, code=0):
    output = place / f"{name}.mkv"
    command = [
        "render",
        place / "pair.mp4",
        "--output",
        output,
        "--codec",
        "ffv1",
        "--cache-dir",
        folder / "cache",
    ]
    assert main([*map(str, (*command, *more)), "--quiet"]) == code
    return frames(output)


def alone(place, folder, face, which, *more):
    """Render with one person only."""
    name = "_".join((face, which, *more)).replace("=", "_")
    settings = (text for setting in (f"select.which={which}", *more) for text in ("--set", setting))
    return render(place, folder, name, "--face", folder / "cast" / f"{face}.png", *settings)


def with_swaps(place, folder, name, text, *more):
    path = place / f"{name}.toml"
    path.write_text(text.replace("CAST", str(folder / "cast")))
    return render(place, folder, name, "--swaps", path, *more)


PAIR = """
    [[swap]]
    face = "CAST/red.png"
    set = ["select.which=leftmost"]
    consent = "hers"
    [[swap]]
    face = "CAST/both"
    set.select.which = "rightmost"
    consent = "theirs"
"""


def test_one_becomes_one_person_while_the_other_becomes_another(place, folder):
    both = with_swaps(place, folder, "both", PAIR)
    left = alone(place, folder, "red", "leftmost")
    originals = frames(place / "pair.mp4")
    for number in range(COUNT):
        assert np.array_equal(both[number][:, :330], left[number][:, :330])
        assert not np.array_equal(both[number][:, :330], originals[number][:, :330])
        assert np.abs(both[number][:, 390:].astype(int) - originals[number][:, 390:]).max() > 30
    said = json.loads((place / "both.mkv.understudy.json").read_text())
    red, blue = (
        hashlib.sha256((folder / "cast" / f"{name}.png").read_bytes()).hexdigest() for name in ("red", "blue")
    )
    assert said["pictures"] == [red, blue, red]
    assert said["consent"] == "hers; theirs"
    assert said["recipe"] == {"swap.shape": 1.0, "select.steady": True}
    assert [
        (swap["pictures"], swap["consent"], swap["recipe"]["select.which"]) for swap in said["swaps"]
    ] == [
        ([red], "hers", "leftmost"),
        ([blue, red], "theirs", "rightmost"),
    ]


def test_settings_of_a_range_hold_there_and_a_swap_where_it_is_asked_for(place, folder):
    ranged = with_swaps(
        place,
        folder,
        "ranged",
        """
        [[swap]]
        face = "CAST/red.png"
        set = ["select.which=leftmost"]
        start = 1
        end = 4
        [[swap.range]]
        start = 2
        end = 3
        set = ["fusion.blend=0.5"]
        """,
    )
    whole = alone(place, folder, "red", "leftmost")
    half = alone(place, folder, "red", "leftmost", "fusion.blend=0.5")
    expected = [
        frames(place / "pair.mp4")[0],
        whole[1],
        half[2],
        half[3],
        whole[4],
        frames(place / "pair.mp4")[5],
    ]
    for number in range(COUNT):
        assert np.array_equal(ranged[number], expected[number]), number
    said = json.loads((place / "ranged.mkv.understudy.json").read_text())
    assert said["frames_changed"] == 4
    (swap,) = said["swaps"]
    assert (swap["start"], swap["end"]) == (1, 4)
    initial = {"select.which": "leftmost", "select.steady": True, "swap.shape": 1.0}
    assert swap["ranges"] == [{"start": 2, "end": 3, "recipe": {**initial, "fusion.blend": 0.5}}]


def test_set_on_the_command_line_holds_for_all_people(place, folder):
    blended = with_swaps(place, folder, "blended", PAIR, "--set", "fusion.opacity=0")
    originals = frames(place / "pair.mp4")
    assert all(np.abs(one.astype(int) - two).max() <= 2 for one, two in zip(blended, originals, strict=True))


FAULTS = {
    "no file": (None, [], "can't read "),
    "no swap": ("", [], "there is no swap in it"),
    "no image": ("[[swap]]\nface = 'nowhere.png'", [], "[[swap]] 1: can't find the image "),
    "beyond": (
        "[[swap]]\nface = 'CAST/red.png'\nend = 6",
        [],
        "does not have all of frames 0 to 6: its frames are 0",
    ),
    "replace beside": (
        "[[swap]]\nface = 'CAST/red.png'",
        ["--replace", "x.png"],
        "--replace and --face-number belong",
    ),
    "two people by image": (
        "[[swap]]\nface = 'CAST/red.png'\n[[swap]]\nface = 'CAST/red.png'\nreplace = 'CAST/blue.png'",
        [],
        "to find a person by an image a recognizer is needed",
    ),
}


@pytest.mark.parametrize(("text", "more", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_line_and_nothing_is_made(place, folder, tmp_path, capsys, text, more, said):
    path = tmp_path / "swaps.toml"
    if text is not None:
        path.write_text(text.replace("CAST", str(folder / "cast")))
    command = ["render", place / "pair.mp4", "--swaps", path, "--output", tmp_path / "out.mkv",
               "--cache-dir", folder / "cache", *more]  # fmt: skip
    assert main([*map(str, command)]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out.mkv").exists()


def test_a_face_is_needed_on_the_command_line_or_in_a_file(place, capsys):
    command = ["render", str(place / "pair.mp4"), "--output", str(place / "out.mkv")]
    assert main(command) == 2
    assert "one of the arguments --face --swaps is required" in capsys.readouterr().err
    assert main([*command, "--face", "a.png", "--swaps", "b.toml"]) == 2
    assert "not allowed with argument" in capsys.readouterr().err
