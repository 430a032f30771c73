# SPDX-License-Identifier: GPL-3.0-or-later
"""The mark of a composite: what it says, what it keeps to itself, and that it comes whole or not at all."""

import hashlib
import json
from datetime import datetime, timedelta, timezone

import pytest
from understudy.core.errors import OutputError
from understudy.core.identity import Casting, Identity, Picture
from understudy.core.provenance import changed_settings, provenance_of, sidecar_beside
from understudy.core.recipe import Recipe, with_settings


@pytest.fixture
def casting(tmp_path):
    picture = tmp_path / "Jane Doe.png"
    picture.write_bytes(b"a picture")
    identity = Identity((Picture(picture, 2),), name="Jane Doe", consent="Signed on paper")
    return Casting(identity, with_settings(Recipe(), ["fusion.blend=0.5", "swap.crop_size=320"]))


def test_it_says_what_was_done_and_names_nobody(tmp_path, casting):
    said = provenance_of(tmp_path / "takes" / "clip.mp4", casting, 7).as_dict()
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
    assert provenance_of(tmp_path / "clip.mp4", casting, 0).as_dict()["composite"] is False


def test_settings_at_their_default_are_left_out():
    assert changed_settings(Recipe()) == {}
    assert changed_settings(with_settings(Recipe(), ["fusion.blend=1"])) == {}


def test_the_sidecar_appears_when_the_block_ends_well(tmp_path, casting):
    movie = tmp_path / "out.mp4"
    with sidecar_beside(movie) as describe:
        describe(provenance_of(tmp_path / "clip.mp4", casting, 3))
        assert not (tmp_path / "out.mp4.understudy.json").exists()
    assert json.loads((tmp_path / "out.mp4.understudy.json").read_text())["frames_changed"] == 3
    assert len(list(tmp_path.iterdir())) == 2


def test_a_block_that_fails_leaves_the_old_sidecar(tmp_path, casting):
    old = tmp_path / "out.mp4.understudy.json"
    old.write_text("old")

    def fail():
        with sidecar_beside(tmp_path / "out.mp4") as describe:
            describe(provenance_of(tmp_path / "clip.mp4", casting, 3))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    assert old.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_sidecar_that_can_not_be_written_is_an_output_error(tmp_path, casting):
    (tmp_path / "out.mp4.understudy.json").mkdir()

    def write():
        with sidecar_beside(tmp_path / "out.mp4") as describe:
            describe(provenance_of(tmp_path / "clip.mp4", casting, 3))

    with pytest.raises(OutputError, match=r"out\.mp4\.understudy\.json"):
        write()
    assert not list(tmp_path.glob(".*"))
