# SPDX-License-Identifier: GPL-3.0-or-later
"""Explaining: which stages of a frame are known, which line of which key text makes the others miss."""

import json
import re
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
from footage.portrait import painted, portrait, write_picture, write_sequence
from models import stand_ins
from understudy.core.cache.explain import Difference, explain
from understudy.core.cache.folder import PackFolder
from understudy.core.cache.key import stage_key
from understudy.core.cache.opening import CacheSettings, open_tiers
from understudy.core.cli import main
from understudy.core.clip import open_sequence
from understudy.core.explain_frame import explain_frame
from understudy.core.identity import Casting, Identity, Picture
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import statement_path
from understudy.core.models.session import ModelFile
from understudy.core.pipeline import Pipeline
from understudy.core.recipe import Recipe, with_settings

COUNT = 8


class Project:
    """A clip of which frames 0 to 3 have been made with one person."""

    def __init__(self, folder: Path) -> None:
        self.clip = folder / "clip"
        self.frames = write_sequence(self.clip, COUNT)
        self.green = write_picture(folder / "green.png", painted())
        self.plain = write_picture(folder / "plain.png", portrait())
        self.cache = folder / "cache"
        with closing(open_tiers(CacheSettings(self.cache))) as cache, open_sequence(self.frames) as clip:
            pipeline = Pipeline(cache.store, embedded_models())
            for number in range(4):  # steadying looks three frames further
                pipeline.make(pipeline.plan(clip, number, [self.casting()]))
            pipeline.close()

    def casting(self, *settings, picture=None) -> Casting:
        pictures = (Picture(picture or self.green),)
        return Casting(Identity(pictures), with_settings(Recipe(), list(settings)))

    def facts(self, number=1, casting=None, models=None):
        """Explain a frame; return its facts by stage, those of pictures by 'picture stage'."""
        before = {path: path.read_bytes() for path in self.cache.iterdir()}
        with closing(PackFolder(self.cache)) as folder, open_sequence(self.frames) as clip:
            facts = explain_frame(
                lambda store: Pipeline(store, models or embedded_models()),
                folder,
                folder.entries,
                clip,
                number,
                casting or self.casting(),
            )
            assert folder.counts.puts == 0
        assert {path: path.read_bytes() for path in self.cache.iterdir()} == before
        return {f"{fact.about} {fact.stage}".strip(): fact for fact in facts}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("project"))


def status(facts):
    return {name: fact.status for name, fact in facts.items()}


FRAME = ("clip", "frame", "detect", "landmark", "embed", "swap")
PICTURE = tuple(f"picture 1 {stage}" for stage in ("clip", "frame", "detect", "landmark", "embed", "texture"))
KNOWN = dict.fromkeys((*FRAME, "target", *PICTURE), "hit") | {"fuse": "not kept"}


def test_what_was_rendered_is_known(made):
    facts = made.facts()
    assert status(facts) == KNOWN
    assert all(fact.explanation.differences == () for fact in facts.values() if fact.explanation)


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
    assert re.fullmatch("landmark of frame [0-4] is not there", facts["swap"].reason)


def test_another_person_is_a_picture_nobody_looked_at(made):
    facts = made.facts(casting=made.casting(picture=made.plain))
    assert {name: fact.status for name, fact in facts.items() if name in FRAME[:-1]} == dict.fromkeys(
        FRAME[:-1], "hit"
    )
    assert facts["picture 1 frame"].status == "miss"
    assert facts["picture 1 texture"].reason == "the picture's frame is not there"
    assert facts["swap"].status == "not known yet"


def test_frames_that_were_not_analysed_are_not_known_yet(made):
    facts = made.facts(number=7)
    assert facts["frame"].status == "miss"
    assert facts["frame"].explanation.differences == (Difference("number", "7", "6"),)
    assert [facts[stage].status for stage in ("detect", "landmark", "embed", "swap")] == ["not known yet"] * 4
    # Analysed, but steadying looks at a frame that is not.
    facts = made.facts(number=6)
    assert [facts[stage].status for stage in FRAME] == ["hit"] * 5 + ["not known yet"]
    assert facts["swap"].reason == "frame 7 was not looked at yet"


def test_another_model_file_is_told_by_its_hash(made, tmp_path):
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
    store = PackFolder(tmp_path)
    wanted = stage_key("swap", 1, {"a": 1, "b": 2, "c": 3})
    assert explain(wanted, store).nearest is None
    for inputs in ({"a": 9, "b": 9, "c": 3}, {"a": 1, "b": 9, "c": 3}, {"a": 1, "b": 9}):
        store.put(stage_key("swap", 1, inputs), {})
    store.put(stage_key("other", 1, {"a": 1, "b": 2, "c": 3}), {})
    found = explain(wanted, store)
    assert (found.hit, found.stage) == (False, "swap")
    assert found.differences == (Difference("b", "2", "9"),)
    found = explain(stage_key("swap", 1, {"a": 1, "b": 9, "d": 4}), store)
    assert found.differences == (Difference("d", "4", None),)
    assert explain(stage_key("swap", 1, {"a": 1, "b": 9}), store).hit


def test_the_command_says_the_same(made, capsys, tmp_path):
    arguments = ["explain", made.clip, "1", "--face", made.green, "--cache-dir", made.cache]
    arguments = [str(part) for part in arguments]
    assert main([*arguments, "--set", "swap.crop_size=512"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "swap                   miss           crop_size is 512, in the nearest result 640" in lines
    assert "picture 1: texture     hit" in lines
    assert main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["stage"]: row["status"] for row in told["stages"] if not row["about"]} == {
        name: KNOWN[name] for name in (*FRAME, "target", "fuse")
    }
    for wrong, said in (
        (
            ["explain", str(made.clip), "99", "--face", str(made.green), "--cache-dir", str(made.cache)],
            "frames 0 to 7",
        ),
        (["explain", str(made.clip), "1", "--face", str(made.green)], "there is no cache"),
    ):
        assert main(wrong) == 1
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1


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

    def told(*arguments) -> dict[str, str]:
        capsys.readouterr()
        assert main(["explain", str(made.clip), "1", *arguments, *cache, "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)["stages"]
        return {f"{row['about']} {row['stage']}".strip(): row["status"] for row in rows}

    known = told(*who)
    assert {status for name, status in known.items() if name != "fuse"} == {"hit"}
    assert known["replaced 1 embed"] == known["swap"] == "hit"
    other = told(*[str(made.green) if part == str(made.plain) else part for part in who])
    assert other["replaced 1 embed"] != "hit"


def test_an_empty_cache_knows_nothing_and_stays_empty(made, tmp_path, capsys):
    shutil.copytree(made.cache, tmp_path / "cache")
    PackFolder(tmp_path / "cache").purge()
    arguments = ["explain", made.clip, "1", "--face", made.green, "--cache-dir", tmp_path / "cache"]
    assert main([str(part) for part in arguments]) == 0
    assert "no result of clip is kept" in capsys.readouterr().out
    assert list(PackFolder(tmp_path / "cache").entries()) == []
