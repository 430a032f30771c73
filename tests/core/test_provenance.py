# SPDX-License-Identifier: GPL-3.0-or-later
"""The mark of a composite: what it says, what it keeps to itself, and that it comes whole or not at all."""

import hashlib
import json
from datetime import datetime, timedelta, timezone
from fractions import Fraction

import numpy as np
import pytest
from understudy.core.errors import OutputError
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.export.provenance import changed_settings, provenance_of, sidecar
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.clip_swap import swap_everywhere
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest


@pytest.fixture
def casting(tmp_path):
    picture = tmp_path / "Jane Doe.png"
    picture.write_bytes(b"a picture")
    identity = Identity((FaceImage(picture, 2),), name="Jane Doe", consent="Signed on paper")
    return SwapRequest(identity, with_settings(Recipe(), ["fusion.blend=0.5", "swap.crop_size=320"]))


def test_it_says_what_was_done_and_names_nobody(tmp_path, casting):
    said = provenance_of(tmp_path / "takes" / "clip.mp4", [swap_everywhere(casting)], 7).as_dict()
    assert said["composite"] is True
    assert said["made_by"].startswith("Understudy")
    assert said["clip"] == "clip.mp4"
    assert said["pictures"] == [hashlib.sha256(b"a picture").hexdigest()]
    assert said["consent"] == "Signed on paper"
    assert said["recipe"] == {"swap.crop_size": 320, "fusion.blend": 0.5}
    assert said["frames_changed"] == 7
    age = datetime.now(timezone.utc) - datetime.fromisoformat(said["created"])  # noqa: UP017
    assert timedelta(seconds=-1) <= age < timedelta(minutes=1)
    assert "Jane" not in json.dumps(said)


def test_a_movie_with_no_frame_changed_is_no_composite(tmp_path, casting):
    assert provenance_of(tmp_path / "clip.mp4", [swap_everywhere(casting)], 0).as_dict()["composite"] is False


def test_settings_at_their_default_are_left_out():
    assert changed_settings(Recipe()) == {}
    assert changed_settings(with_settings(Recipe(), ["fusion.blend=1"])) == {}


def movie_of(path, before_the_end=None):
    with VideoWriter(path, 16, 16, Fraction(25)) as writer:
        writer.write(np.zeros((16, 16, 3), np.uint8))
        writer.add_sidecar("out.mp4.understudy.json", b"new")
        if before_the_end is not None:
            before_the_end()


def test_the_sidecar_appears_with_the_movie(tmp_path, casting):
    name, data = sidecar(
        tmp_path / "out.mp4", provenance_of(tmp_path / "clip.mp4", [swap_everywhere(casting)], 3)
    )
    assert name == "out.mp4.understudy.json"
    assert json.loads(data)["frames_changed"] == 3
    movie_of(tmp_path / "out.mp4", lambda: (tmp_path / name).exists() and pytest.fail("too early"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Jane Doe.png", "out.mp4", name]


def test_a_movie_that_fails_leaves_the_old_sidecar(tmp_path):
    old = tmp_path / "out.mp4.understudy.json"
    old.write_text("old")

    def fail():
        raise InterruptedError

    with pytest.raises(InterruptedError):
        movie_of(tmp_path / "out.mp4", fail)
    assert old.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_sidecar_that_can_not_be_written_is_an_output_error(tmp_path):
    (tmp_path / "out.mp4.understudy.json").mkdir()
    with pytest.raises(OutputError, match=r"out\.mp4\.understudy\.json"):
        movie_of(tmp_path / "out.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4.understudy.json"]


def test_a_movie_that_can_not_take_its_place_takes_its_sidecar_with_it(tmp_path):
    movie, old = tmp_path / "out.mp4", tmp_path / "out.mp4.understudy.json"
    with pytest.raises(OutputError, match=r"out\.mp4"):
        movie_of(movie, movie.mkdir)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    old.write_text("old")
    movie.rmdir()
    with pytest.raises(OutputError, match=r"out\.mp4"):
        movie_of(movie, movie.mkdir)
    assert old.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mp4", "out.mp4.understudy.json"]
