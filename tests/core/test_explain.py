# SPDX-License-Identifier: GPL-3.0-or-later
"""Explaining: which stages of a frame are known, which line of which key text makes the others miss."""

import json
import re
import shutil
from contextlib import closing
from dataclasses import replace

import onnx
import pytest
from models import stand_ins
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.maintenance.explain import Difference, explain
from understudy.core.cache.stores.encryption import EncryptedStore, Encryption
from understudy.core.cache.stores.local import PackStore
from understudy.core.cli.main import main
from understudy.core.models.embedded import embedded_models
from understudy.core.models.model_file import ModelFile
from understudy.core.models.statement import statement_path

from tests.core import roto_masks
from tests.core.explained_project import Project, content, spread_over_places, status
from tests.core.shared_places import redis_store


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("project"))


FRAME = ("clip", "frame", "detect", "landmark", "embed", "swap")
PICTURE = tuple(f"image 1 {stage}" for stage in ("clip", "frame", "detect", "landmark", "embed", "texture"))
KNOWN = dict.fromkeys((*FRAME, "target", *PICTURE), "hit") | {"fuse": "not kept"}
FLAT = ("--set", "swap.shape=0")
"""What the cache of these tests was made with."""


def test_what_was_rendered_is_known(made):
    facts = made.facts()
    assert status(facts) == KNOWN
    assert all(fact.explanation.differences == () for fact in facts.values() if fact.explanation)
    assert {fact.place for fact in facts.values() if fact.status == "hit"} == {"the folder"}


def test_a_setting_of_the_swap_is_the_one_line_that_differs(made):
    facts = made.facts(casting=made.casting("swap.crop_size=512"))
    assert status(facts) == KNOWN | {"swap": "miss", "target": "miss"}
    assert facts["swap"].explanation.differences == (Difference("crop_size", "512", "640"),)
    assert status(made.facts(casting=made.casting("fusion.blend=0.5"))) == KNOWN


def test_a_setting_of_the_detector_hides_what_comes_after_it(made):
    facts = made.facts(casting=made.casting("detect.score=0.6"))
    assert "target" not in facts  # where there are no landmarks, there is no place to cut it from
    assert {**status(facts), "target": "hit"} == KNOWN | {
        "detect": "miss",
        "landmark": "miss",
        "embed": "miss",
        "swap": "not known yet",
        "fuse": "not known yet",
    }
    assert facts["detect"].explanation.differences == (Difference("score", "0.6", "0.5"),)
    (line,) = facts["landmark"].explanation.differences
    assert (line.name, line.wanted) == ("detect", facts["detect"].explanation.key.hex)
    assert re.match("landmark of frame [0-4] is not there(, which 1 needs|$)", facts["swap"].reason)


def test_another_person_is_a_image_nobody_looked_at(made):
    facts = made.facts(casting=made.casting(picture=made.plain))
    assert {name: fact.status for name, fact in facts.items() if name in FRAME[:-1]} == dict.fromkeys(
        FRAME[:-1], "hit"
    )
    assert facts["image 1 frame"].status == "miss"
    assert facts["image 1 texture"].reason == "the image's frame is not there"
    assert facts["swap"].status == "not known yet"


def test_frames_that_were_not_analysed_are_not_known_yet(made):
    facts = made.facts(number=7)
    assert facts["frame"].status == "miss"
    assert facts["frame"].explanation.differences == (Difference("number", "7", "6"),)
    assert [facts[stage].status for stage in ("detect", "landmark", "embed", "swap")] == ["not known yet"] * 4
    # Analysed, but steadying looks at a frame that is not.
    facts = made.facts(number=6)
    assert [facts[stage].status for stage in FRAME] == ["hit"] * 5 + ["not known yet"]
    assert facts["swap"].reason.startswith("frame 7 is not in the cache yet, which 6 needs for")
    facts = made.facts(casting=made.casting("swap.shape=1"))
    assert (facts["shape"].status, "learned from" in facts["swap"].reason) == ("not known yet", True)


def test_another_model_file_is_recognised_by_its_hash(made, tmp_path):
    models = embedded_models()
    other = onnx.load(str(models.landmarker.path))
    other.doc_string = "another file"
    onnx.save(other, str(tmp_path / "other.onnx"))
    models = replace(models, landmarker=ModelFile(tmp_path / "other.onnx"))
    facts = made.facts(models=models)
    assert (facts["detect"].status, facts["landmark"].status) == ("hit", "miss")
    (line,) = facts["landmark"].explanation.differences
    assert (line.name, line.wanted) == ("model", models.landmarker.sha256)


def test_the_nearest_is_of_the_same_stage_with_the_fewest_lines_that_differ(tmp_path):
    store = PackStore(tmp_path)
    wanted = stage_key("swap", 1, {"a": 1, "b": 2, "c": 3})
    assert explain(wanted, store).nearest is None
    for inputs in ({"a": 9, "b": 9, "c": 3}, {"a": 1, "b": 9, "c": 3}, {"a": 1, "b": 9}):
        store.put(stage_key("swap", 1, inputs), {})
    store.put(stage_key("other", 1, {"a": 1, "b": 2, "c": 3}), {})
    explanation = explain(wanted, store)
    assert (explanation.hit, explanation.stage) == (False, "swap")
    assert explanation.differences == (Difference("b", "2", "9"),)
    explanation = explain(stage_key("swap", 1, {"a": 1, "b": 9, "d": 4}), store)
    assert explanation.differences == (Difference("d", "4", None),)
    assert explain(stage_key("swap", 1, {"a": 1, "b": 9}), store).hit


def test_of_two_that_are_as_near_the_one_that_tells_more_is_named(tmp_path):
    store = PackStore(tmp_path)
    clip, other = "0" * 64, "1" * 64
    store.put(stage_key("frame", 1, {"clip": clip, "reading": "light ACEScg"}), {})
    store.put(stage_key("frame", 1, {"clip": other, "reading": "light Linear Rec.709"}), {})
    explanation = explain(stage_key("frame", 1, {"clip": clip, "reading": "light Linear Rec.709"}), store)
    assert explanation.differences == (Difference("reading", "light Linear Rec.709", "light ACEScg"),)


def test_the_command_says_the_same(made, capsys, tmp_path):
    arguments = ["explain", made.clip, "1", "--face", made.green, *FLAT, "--cache-dir", made.cache]
    arguments = [str(part) for part in arguments]
    assert main([*arguments, "--set", "swap.crop_size=512"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "swap                   miss           crop_size is 512, in the nearest result 640" in lines
    assert "image 1: texture       hit" in lines
    assert main([*arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {row["stage"]: row["status"] for row in report["stages"] if not row["about"]} == {
        name: KNOWN[name] for name in (*FRAME, "target", "fuse")
    }
    masks = tmp_path / "masks.json"
    masks.write_text(roto_masks.text(roto_masks.mask((0, roto_masks.rectangle(100, 60, 300, 200)))))
    assert main([*arguments, "--json", "--roto", str(masks)]) == 0
    assert json.loads(capsys.readouterr().out) == report  # a mask changes what is fused, which is not kept
    for wrong, said in (
        ([*arguments, "--roto", str(tmp_path / "none.json")], "can't read"),
        (
            ["explain", str(made.clip), "99", "--face", str(made.green), "--cache-dir", str(made.cache)],
            "frames are 0 to 7",
        ),
        (["explain", str(made.clip), "1", "--face", str(made.green)], "there is no cache"),
    ):
        assert main(wrong) == 1
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1


@pytest.mark.slow
def test_who_is_replaced_decides_which_stages_are_needed(made, capsys, tmp_path, monkeypatch):
    """A render with --replace and a network's recogniser is explained by the keys that it used."""
    (tmp_path / "models").mkdir()
    model = stand_ins.write_recogniser(tmp_path / "models" / "arcface.onnx", "arcface")
    statement_path(model).write_text('family = "embed/arcface"\n', encoding="utf-8")
    monkeypatch.setenv("UNDERSTUDY_MODELS", str(tmp_path / "models"))
    cache = ["--cache-dir", str(tmp_path / "cache")]
    who = ["--face", str(made.green), "--replace", str(made.plain), "--set", "embed.recogniser=arcface"]
    output = str(tmp_path / "out.mp4")
    assert main(["render", str(made.clip), *who, *cache, "--fps", "25", "--quiet", "--output", output]) == 0

    def stage_statuses(*arguments) -> dict[str, str]:
        capsys.readouterr()
        assert main(["explain", str(made.clip), "1", *arguments, *cache, "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)["stages"]
        return {f"{row['about']} {row['stage']}".strip(): row["status"] for row in rows}

    known = stage_statuses(*who)
    assert {status for name, status in known.items() if name != "fuse"} == {"hit"}
    assert known["replaced 1 embed"] == known["swap"] == "hit"
    other = stage_statuses(*[str(made.green) if part == str(made.plain) else part for part in who])
    assert other["replaced 1 embed"] != "hit"


def test_an_empty_cache_knows_nothing_and_stays_empty(made, tmp_path, capsys):
    shutil.copytree(made.cache, tmp_path / "cache")
    PackStore(tmp_path / "cache").purge()
    arguments = ["explain", made.clip, "1", "--face", made.green, "--cache-dir", tmp_path / "cache"]
    assert main([str(part) for part in arguments]) == 0
    assert "no result of clip is kept" in capsys.readouterr().out
    assert list(PackStore(tmp_path / "cache").entries()) == []


def explain_by_command(capsys, made, *arguments):
    """Explain frame 1 by the command; return the status and place of each stage of the frame, and the warnings."""
    capsys.readouterr()
    assert (
        main(
            ["explain", str(made.clip), "1", "--face", str(made.green), *FLAT, *map(str, arguments), "--json"]
        )
        == 0
    )
    out, warnings = capsys.readouterr()
    rows = [row for row in json.loads(out)["stages"] if not row["about"]]
    return {row["stage"]: (row["status"], row["place"]) for row in rows}, warnings


def test_what_a_shared_place_has_is_a_hit_there_and_stays_there(
    made, tmp_path, redis_server, capsys, monkeypatch
):
    spread_over_places(made, tmp_path, redis_server, {"landmark": "share", "swap": "redis"})
    near, share = tmp_path / "near", tmp_path / "share"
    before = content(near), content(share)
    kept = len(list(redis_store(redis_server.url).entries()))
    here, there = "the cache folder", f"the shared cache {share}"
    places = ["--cache-dir", near, "--shared-dir", share, "--redis", redis_server.url]
    expected = dict.fromkeys((*FRAME, "target"), ("hit", here))
    expected |= {
        "landmark": ("hit", there),
        "swap": ("hit", "the shared cache on Redis"),
        "fuse": ("not kept", None),
    }
    assert explain_by_command(capsys, made, *places) == (expected, "")
    assert (content(near), content(share)) == before
    assert len(list(redis_store(redis_server.url).entries())) == kept > 0
    # Named by the environment it is the same; without the server it is a miss; `off` leaves the share out.
    monkeypatch.setenv("UNDERSTUDY_SHARED_CACHE", str(share))
    monkeypatch.setenv("UNDERSTUDY_REDIS", redis_server.url)
    assert explain_by_command(capsys, made, *places[:2]) == (expected, "")
    monkeypatch.delenv("UNDERSTUDY_REDIS")
    assert explain_by_command(capsys, made, *places[:2])[0] == expected | {"swap": ("miss", None)}
    monkeypatch.setenv("UNDERSTUDY_SHARED_CACHE", "off")
    facts, _ = explain_by_command(capsys, made, *places[:2])
    assert facts["landmark"] == ("miss", None)
    assert facts["swap"] == ("not known yet", None)
    main(["explain", str(made.clip), "1", "--face", str(made.green), *FLAT, *map(str, places)])
    lines = capsys.readouterr().out.splitlines()
    assert f"landmark               hit            in {there}" in lines
    assert "detect                 hit" in lines


def test_where_only_a_share_has_a_cache_it_is_looked_through_and_no_folder_is_made(
    made, tmp_path, redis_server, capsys
):
    spread_over_places(
        made, tmp_path, redis_server, dict.fromkeys((*FRAME, "facts", "target", "texture"), "share")
    )
    near, share = tmp_path / "not there", tmp_path / "share"
    facts, _ = explain_by_command(capsys, made, "--cache-dir", near, "--shared-dir", share)
    assert {place for status, place in facts.values() if status == "hit"} == {f"the shared cache {share}"}
    assert facts["swap"][0] == "hit"
    facts, warnings = explain_by_command(
        capsys, made, "--cache-dir", made.cache, "--shared-dir", tmp_path / "empty"
    )
    assert facts["swap"] == ("hit", "the cache folder")
    assert f"there is no cache in {tmp_path / 'empty'}" in warnings
    assert not near.exists()
    assert not (tmp_path / "empty").exists()


def test_a_server_that_is_away_is_one_warning(made, tmp_path, redis_server, capsys):
    redis_server.kill()
    try:
        facts, warnings = explain_by_command(
            capsys,
            made,
            "--cache-dir",
            made.cache,
            "--redis",
            redis_server.url,
            "--set",
            "swap.crop_size=512",
        )
    finally:
        redis_server.start()
    assert facts["landmark"] == ("hit", "the cache folder")
    assert facts["swap"] == ("miss", None)
    assert warnings.count("\n") == 1
    assert "the shared cache on Redis is not used for now" in warnings


def test_what_is_encrypted_with_another_key_is_a_miss_as_in_a_render(made, tmp_path, capsys, monkeypatch):
    pytest.importorskip("cryptography")
    ours, others = bytes([1]) * 32, bytes([2]) * 32
    with closing(PackStore(made.cache)) as folder:
        for secret in (ours, others):
            with closing(PackStore(tmp_path / secret.hex())) as near:
                for entry in list(folder.entries()):
                    encryption = Encryption(others if "stage=swap\n" in entry.text else secret)
                    EncryptedStore(near, encryption).put(Key(entry.text), folder.get(Key(entry.text)))
    for secret, line in (
        (ours, "swap                   miss           it is kept, but damaged or encrypted with another key"),
        (others, "swap                   hit"),
    ):
        monkeypatch.setenv("UNDERSTUDY_CACHE_KEY", secret.hex())
        where = ["--cache-dir", tmp_path / secret.hex()]
        arguments = ["explain", made.clip, "1", "--face", made.green, *FLAT, *where]
        assert main([str(part) for part in arguments]) == 0
        out, warnings = capsys.readouterr()
        assert line in out.splitlines()
        assert ("encrypted with another key" in warnings) == (secret == ours)
