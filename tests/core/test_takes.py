# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is meant by `--take` and `--faces`."""

from pathlib import Path

import numpy as np
import pytest
from understudy.core.batch.patterns import Person
from understudy.core.cli.takes import takes_from_arguments
from understudy.core.errors import UnderstudyError

from tests.core.face_clip import write_picture


@pytest.fixture
def cast(tmp_path):
    """Two people with an image each, one with a folder of two, and what is nobody."""
    pixels = np.zeros((8, 8, 3), np.uint8)
    for name in ("ann.png", "bob.png", "cleo/1.png", "cleo/2.png", "a,b.png", "c:3.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_picture(tmp_path / name, pixels)
    (tmp_path / "notes.txt").write_text("who is who")
    return tmp_path


def test_a_file_is_a_person_and_a_folder_is_one_with_several_images(cast):
    take_list = takes_from_arguments([], [cast / "*"])
    assert take_list == (
        Person("a,b", (cast / "a,b.png",)),
        Person("ann", (cast / "ann.png",)),
        Person("bob", (cast / "bob.png",)),
        Person("c:3", (cast / "c:3.png",)),
        Person("cleo", (cast / "cleo" / "1.png", cast / "cleo" / "2.png")),
    )


def test_images_of_a_take_are_separated_by_commas_and_may_say_which_face(cast):
    text = f"{cast}/ann.png:2,{cast}/bob.png"
    assert takes_from_arguments([text], []) == (Person("ann", (cast / "ann.png", cast / "bob.png"), (2, 0)),)
    # A name that is there is the image's, whatever signs it has.
    both = takes_from_arguments([f"{cast}/a,b.png", f"{cast}/c:3.png"], [])
    assert [take.images for take in both] == [(cast / "a,b.png",), (cast / "c:3.png",)]
    assert takes_from_arguments([str(cast / "cleo")], [])[0].name == "cleo"


def test_no_two_takes_have_one_name(cast):
    named = takes_from_arguments([f"{cast}/ann.png", f"{cast}/cleo/1.png"], [cast / "ann*"])
    assert [take.name for take in named] == ["ann", "1", "ann 2"]


@pytest.mark.parametrize(
    ("take", "pattern", "words"),
    [
        ("ann.png,,bob.png", None, "--take is written"),
        (None, "zoe*", "there is no face"),
        (None, "notes*", "is no image"),
    ],
)
def test_what_is_nobody_is_refused(cast, monkeypatch, take, pattern, words):
    monkeypatch.chdir(cast)
    with pytest.raises(UnderstudyError, match=words):
        takes_from_arguments([take] if take else [], [Path(pattern)] if pattern else [])
