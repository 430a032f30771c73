# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip's own manifest comes along with what was seen of it, over several renders, and `verify` shows the chain."""

import io
import json
from dataclasses import replace

import pytest
from understudy.core.errors import OutputError
from understudy.core.provenance.certificates import local_identity
from understudy.core.provenance.manifest import clip_history, has_manifest_library, read_manifest
from understudy.core.provenance.manifest_history import past_manifests
from understudy.core.provenance.mark_file import has_manifest
from understudy.core.provenance.marker import ClipFile, FileMarker
from understudy.core.provenance.settings import MarkSettings
from understudy.core.provenance.verdict_text import verdict_lines
from understudy.core.provenance.verify import INTACT, verify_file

from tests.core.marked_files import FACTS, make_file, shown, sign_copy

pytestmark = pytest.mark.skipif(not has_manifest_library(), reason="needs c2pa-python")
CAMERA = replace(FACTS, software="Camera 7", source_images=(), models=())
SETTINGS = MarkSettings(is_required=True, has_manifest=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("settings")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(home))
        yield home


@pytest.fixture
def camera(home, tmp_path):
    """A movie that another device has signed."""
    path = tmp_path / "planted-camera.mp4"
    sign_copy(make_file(tmp_path, "plain.mp4"), path, CAMERA, local_identity())
    return path


def mark(path, clips, facts=FACTS, settings=SETTINGS):
    marker = FileMarker(settings, lambda: facts)
    assert marker.finished_file(path, lambda: clips), marker.warnings
    return verify_file(path)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "plain.tif", "lossy.webp", "a.mov"])
def test_the_clips_own_manifest_is_the_parent_and_nothing_else_changes(name, camera, tmp_path):
    path = make_file(tmp_path, name)
    before = shown(path)
    verdict = mark(path, [ClipFile(camera, FACTS.clips[0])])
    assert verdict.state == INTACT
    assert verdict.facts == FACTS
    (past,) = verdict.manifest.history
    assert (past.generation, past.relationship, past.was_intact) == (1, "parentOf", True)
    assert (past.generator, past.facts, past.actions) == ("Camera 7", CAMERA, ("c2pa.opened", "c2pa.edited"))
    assert shown(path) == before
    assert b"planted-camera" not in path.read_bytes()
    assert any("History" in line and "Camera 7" in line for line in verdict_lines(verdict))
    assert json.loads(json.dumps(verdict.as_dict()))["c2pa"]["history"][0]["generator"] == "Camera 7"


def test_the_library_ties_opened_to_the_parent(camera, tmp_path):
    from c2pa import Reader

    path = make_file(tmp_path, "a.png")
    mark(path, [ClipFile(camera, FACTS.clips[0])])
    with Reader(str(path)) as reader:
        manifest = reader.get_active_manifest()
    (parent,) = [entry for entry in manifest["ingredients"] if entry["relationship"] == "parentOf"]
    assert (parent["title"], parent["instance_id"]) == ("clip", FACTS.clips[0])
    actions = next(
        entry["data"]["actions"] for entry in manifest["assertions"] if "actions" in entry["label"]
    )
    assert actions[0]["parameters"]["ingredients"][0]["url"].endswith(parent["label"])


def test_a_clip_that_was_changed_is_said_to_have_been_and_the_output_is_intact(camera, tmp_path):
    content = bytearray(camera.read_bytes())
    content[-40] ^= 1
    camera.write_bytes(content)
    verdict = mark(make_file(tmp_path, "a.png"), [ClipFile(camera, FACTS.clips[0])])
    assert verdict.state == INTACT
    (past,) = verdict.manifest.history
    assert not past.was_intact
    assert past.problems
    assert any("NOT as it was signed when it was used" in line for line in verdict_lines(verdict))


def test_a_second_render_has_both_and_several_clips_are_components(camera, tmp_path):
    first, second = make_file(tmp_path, "first.mov"), make_file(tmp_path, "second.png")
    mark(first, [ClipFile(camera, FACTS.clips[0])])
    history = mark(second, [ClipFile(first, FACTS.clips[0])]).manifest.history
    assert [(past.generation, past.generator) for past in history] == [(1, "Understudy 1.2"), (2, "Camera 7")]
    assert history[0].facts == FACTS
    clips = tuple(f"sha256:{digit * 64}" for digit in "123")
    several = mark(
        make_file(tmp_path, "cut.mp4"),
        [
            ClipFile(path, digest)
            for path, digest in zip((camera, make_file(tmp_path, "plain.mp4"), first), clips, strict=True)
        ],
        replace(FACTS, clips=clips),
    )
    assert several.state == INTACT
    assert {past.relationship for past in several.manifest.history if past.generation == 1} == {"componentOf"}
    assert len([past for past in several.manifest.history if past.generation == 1]) == 2


def test_it_can_be_left_out(camera, tmp_path):
    verdict = mark(
        make_file(tmp_path, "a.png"),
        [ClipFile(camera, FACTS.clips[0])],
        settings=replace(SETTINGS, keeps_history=False),
    )
    assert verdict.manifest.history == ()
    assert b"Camera 7" not in (tmp_path / "a.png").read_bytes()


def test_what_can_not_be_kept_is_a_warning_and_the_output_is_signed(camera, tmp_path):
    path = make_file(tmp_path, "a.png")
    marker = FileMarker(replace(SETTINGS, is_required=False), lambda: FACTS)
    missing = ClipFile(tmp_path / "gone.mp4", FACTS.clips[0])
    assert not marker.finished_file(path, lambda: [missing])
    assert len(marker.warnings) == 1
    assert verify_file(path).manifest.is_intact
    content = camera.read_bytes()
    camera.write_bytes(content[:100] + content[100:3000][::-1] + content[3000:])
    marker = FileMarker(replace(SETTINGS, is_required=False), lambda: FACTS)
    for name in ("b.png", "c.png"):
        damaged = make_file(tmp_path, name)
        assert not marker.finished_file(damaged, lambda: [ClipFile(camera, FACTS.clips[0])])
        assert verify_file(damaged).state == INTACT
    assert "UNDERSTUDY_C2PA_HISTORY=off" in marker.warnings[0]
    with pytest.raises(OutputError, match="can't be kept"):
        clip_history(io.BytesIO(b"no movie"), "a.mp4", FACTS.clips[0])


def test_files_without_a_manifest_are_known_as_such(camera, tmp_path):
    assert has_manifest(camera)
    (tmp_path / "text.png").write_bytes(b"none")
    plain = [make_file(tmp_path, name) for name in ("b.png", "b.mp4")]
    assert not any(map(has_manifest, (*plain, tmp_path / "text.png", tmp_path / "text.txt")))
    for path in (camera, plain[1]):
        path.write_bytes(path.read_bytes()[:-1])
    assert has_manifest(camera)
    assert not has_manifest(plain[1])


def test_stores_of_strangers_end_nothing(camera):
    with camera.open("rb") as file:
        assert read_manifest(file, camera.name).history == ()
    loop = {"ingredients": [{"active_manifest": "a"}, {"active_manifest": "b"}, 7, {"active_manifest": []}]}
    past = past_manifests({"active_manifest": "a", "manifests": {"a": loop, "b": loop}})
    assert [one.generation for one in past] == [1]
    many = {str(number): {"ingredients": [{"active_manifest": str(number + 1)}]} for number in range(500)}
    assert len(past_manifests({"active_manifest": "0", "manifests": many})) == 64
    for broken in ({}, {"manifests": 5}, {"active_manifest": "a", "manifests": {"a": {"ingredients": 5}}}):
        assert past_manifests(broken) == ()
