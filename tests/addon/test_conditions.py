# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions that a user sets refuse renders and preparation in real Blender; without them nothing changes."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

GHOST = {"settings": {"swap.swapper": "ghost"}}


@pytest.fixture
def begin(footage, tmp_path):
    """Steps that make a project with a cast clip in a folder of the test's own."""
    return [
        ["project", {"size": [320, 240], "frames": [1, 2], "save": str(tmp_path / "project.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["environment", {"UNDERSTUDY_MODELS": str(tmp_path / "models")}],
    ]


def render(folder, name):
    return ["render", {"out": str(folder / f"{name}_"), "report": str(folder / f"{name}.json")}]


def errors(driver):
    return [line for line in driver.output.splitlines() if line.startswith("Understudy: Error: ")]


def test_a_model_that_is_not_for_commercial_use_is_refused_if_that_is_required(drive, begin, tmp_path):
    answers = drive(
        *begin,
        ["prefer", {"require_commercial": True}],
        render(tmp_path, "embedded"),
        ["tune", GHOST],
        render(tmp_path, "ghost"),
        ["op", {"name": "understudy.prepare", "active": "clip", "what": "TIMELINE"}],
        ["model_button", {"role": "swap", "name": "ghost"}],
        ["op", {"name": "understudy.write_licences", "filepath": str(tmp_path / "licences.json")}],
    )
    allowed, refused, prepared, button = answers[5], answers[7], answers[8], answers[9]
    assert allowed["refused"] == ""
    assert allowed["shown"]["swapped"] == 2
    assert len(list(tmp_path.glob("embedded_*.png"))) == 2
    line = errors(drive)[0]
    assert line.startswith("Understudy: Error: render refused: Face Swap of clip: ArcFace w600k_r50")
    assert "(embed/arcface), which swap/ghost needs, is not surely for commercial use" in line
    assert refused["refused"] in line
    assert not list(tmp_path.glob("ghost_*"))
    assert "Not prepared: Face Swap of clip: ArcFace" in prepared
    assert (
        button[1]
        .partition(". ")[2]
        .startswith("License: Apache-2.0, but it runs only with ArcFace w600k_r50")
    )
    models = json.loads((tmp_path / "licences.json").read_text())
    assert [model["family"] for model in models][2:] == ["ghost", "arcface", "ghost"]


PLANTED = {
    "identity.name": "plantedname",
    "identity.consent": "plantedconsent",
    "identity.consent_record.person": "plantedperson",
    "identity.consent_record.project": "plantedproject",
    "identity.consent_record.recorded_by": "plantedrecorder",
    "identity.consent_record.until": "2987-06-05",
}


def test_consent_is_required_warned_of_and_shared(drive, begin, footage, tmp_path):
    (tmp_path / "contract.pdf").write_bytes(b"signed")
    shared = tmp_path / "understudy_consent.json"
    answers = drive(
        *begin,
        ["prefer", {"require_consent": True}],
        render(tmp_path, "none"),
        ["tune", {"settings": PLANTED}],
        ["op", {"name": "understudy.consent_evidence", "filepath": str(tmp_path / "contract.pdf")}],
        ["op", {"name": "understudy.consent_sign"}],
        ["op", {"name": "understudy.consent_share"}],
        render(tmp_path, "own"),
        ["drawn", {"active": "clip"}],
        ["tune", {"settings": dict.fromkeys(PLANTED, "")}],
        ["tune", {"settings": {"identity.consent_record.evidence": ""}}],
        render(tmp_path, "shared"),
        ["drawn", {"active": "clip"}],
        ["recast", {"picture": footage.second_person}],
        render(tmp_path, "another"),
    )
    assert "no consent of its source person is recorded" in answers[5]["refused"]
    assert [answers[place] for place in (7, 8, 9)] == [["FINISHED"]] * 3
    assert answers[10]["shown"]["swapped"] == 2
    assert not [text for text in answers[11]["Face Swap Who"] if "agreed" in text or "ended" in text]
    # Without a word of its own the modifier has the consent of the file, which is for its image alone.
    assert answers[14]["shown"]["swapped"] == 2
    assert "The consent file has this person's consent" in answers[15]["Face Swap Who"]
    assert "no consent of its source person is recorded" in answers[17]["refused"]
    (record,) = json.loads(shared.read_text())["records"]
    assert (record["person"], record["use"], record["until"]) == (
        "plantedperson",
        "plantedconsent",
        "2987-06-05",
    )
    assert (record["evidence"], len(record["evidence_sha256"])) == ("contract.pdf", 64)
    assert record["recorded_by"]
    assert record["recorded_on"]


def _state_with_end(days):
    """Steps that let the consent end in so many days, and draw the panel."""
    end = (date.today() + timedelta(days)).isoformat()
    return [["tune", {"settings": {"identity.consent_record.until": end}}], ["drawn", {"active": "clip"}]]


def test_a_consent_that_has_ended_warns_and_nothing_of_it_is_written(drive, begin, tmp_path):
    ended = {**PLANTED, "identity.consent_record.until": "2001-02-03"}
    answers = drive(
        *begin,
        ["tune", {"settings": {**ended, "identity.consent_record.evidence": "plantedevidence"}}],
        render(tmp_path, "warned"),
        ["drawn", {"active": "clip"}],
        ["tune", {"settings": {"identity.consent_record.until": "soon"}}],
        ["prefer", {"require_consent": True}],
        render(tmp_path, "refused"),
        ["drawn", {"active": "clip"}],
        *_state_with_end(2),
        *_state_with_end(200),
    )
    report, shown, refused, unread = answers[5], answers[6], answers[9], answers[10]
    assert "Face Swap: the consent has ended" in shown["Face Swap Expanded"]
    soon, far = answers[12], answers[14]
    assert "Face Swap: the consent ends in 2 days" in str(soon["Face Swap Expanded"])
    assert "renew it in time" in str(soon["Face Swap Who"])
    assert "the consent" not in str(far["Face Swap Expanded"])
    warning = "Face Swap of clip: the recorded consent of its source person, person.png, has ended"
    assert [text for text in report["warnings"] if text.startswith(warning)]
    assert report["shown"]["swapped"] == 2
    who = shown["Face Swap Who"]
    assert "The consent has ended: renew it, or remove this modifier" in " ".join(who)
    assert "understudy.purge" in who
    # A day that can't be read is no end that anybody knows.
    assert warning in refused["refused"]
    assert "Until is no day: write it as 2027-12-31" in " ".join(unread["Face Swap Who"])
    planted = [*ended.values(), "plantedevidence"]
    written = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(written) > 5
    texts = {str(path): data for path, data in written.items() if not path.name.startswith("project.blend")}
    for name, data in {**texts, "the terminal": drive.output.encode()}.items():
        assert not [word for word in planted if word.encode() in data], name


def test_purging_a_person_leaves_what_came_of_others(drive, begin, footage, tmp_path):
    answers = drive(
        *begin,
        ["movie", {"name": "other", "file": footage.movie, "channel": 5}],
        ["cast", {"name": "other", "picture": footage.second_person}],
        render(tmp_path, "first"),
        ["save", {}],
        ["op", {"name": "understudy.purge", "active": "clip", "what": "PERSON"}],
    )
    assert answers[6]["stages"]["swap"]["run"] == 4
    assert answers[8] == ["FINISHED"]
    layers = list((tmp_path / "understudy_cache" / "layers").rglob("*.tif"))
    shown = {path.parent for path in layers if path.stat().st_size > 200}
    assert len({path.parent for path in layers}) == 2
    assert len(shown) == 1  # the other person's
    again = drive(["load", {"path": str(tmp_path / "project.blend")}], render(tmp_path, "second"))[-1][
        "stages"
    ]
    # The clip is known, and so are the other's crops; this person is looked at and drawn anew.
    assert again["landmark"]["run"] == 0
    assert again["swap"]["run"] == 2


def test_a_worker_prepares_what_the_projects_file_allows(drive, begin, footage, tmp_path):
    """A worker has neither the record of a modifier nor the file: Blender asks before it begins."""
    answers = drive(
        *begin,
        ["tune", {"settings": PLANTED}],
        ["op", {"name": "understudy.consent_share"}],
        ["tune", {"settings": dict.fromkeys(PLANTED, "")}],
        ["prefer", {"require_consent": True}],
        ["work", {}],
        ["op", {"name": "understudy.prepare", "active": "clip", "what": "TIMELINE"}],
        ["recast", {"picture": footage.second_person}],
        ["op", {"name": "understudy.prepare", "active": "clip", "what": "TIMELINE"}],
        ["prefer", {"require_consent": False}],
    )
    assert answers[9] == ["FINISHED"]
    assert "Not prepared: Face Swap of clip: no consent of its source person is recorded" in answers[11]
    layers = (tmp_path / "understudy_cache" / "layers").rglob("*.tif")
    assert sum(path.stat().st_size > 200 for path in layers) == 2


def test_a_sheet_shows_only_people_whose_consent_is_recorded(drive, begin, footage, tmp_path):
    sheet = ["sheet", {"name": "understudy.casting_sheet", "active": "clip", "directory": str(footage.folder),
                       "files": [{"name": Path(footage.second_person).name}], "columns": 1}]  # fmt: skip
    answers = drive(
        *begin,
        ["prefer", {"require_consent": True}],
        sheet,
        ["tune", {"settings": PLANTED}],
        ["op", {"name": "understudy.consent_share"}],
        ["tune", {"settings": dict.fromkeys(PLANTED, "")}],
        sheet,
        ["sheet_faults", {}],
        ["op", {"name": "understudy.sheet_takes_add"}],
        ["op", {"name": "understudy.prepare", "active": "clip", "what": "TAKES"}],
        ["op", {"name": "understudy.prepare", "active": "clip", "what": "TIMELINE"}],
        render(tmp_path, "first_take"),
        ["key_takes", {"values": {"1": 0, "2": 1}}],
        ["setup", {"frame_current": 1}],
        render(tmp_path, "keyed"),
        ["prefer", {"require_consent": False}],
    )
    nobody, some, faults, prepared_takes, prepared = (answers[place] for place in (5, 9, 10, 12, 13))
    assert "no sheet is made: no consent of its source person is recorded" in nobody["result"]
    assert nobody["labels"] == []
    assert some["status"] == "3 of 3 cells, 1 failed"
    assert faults == [False, True]
    assert "Not prepared: Face Swap of clip: no consent of its source person" in prepared_takes
    assert prepared == ["FINISHED"]
    assert answers[14]["refused"] == ""
    # Keyframes show the other take at another frame than the one that the scene stands at.
    assert "no consent of its source person is recorded" in answers[17]["refused"]
