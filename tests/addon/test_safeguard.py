# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender a shot with nudity keeps its faces until everybody consented; a render goes on, or fails if strict."""

import pytest
from damaged_project import STRICT_EXIT
from understudy.core.consent.consent_file import read_records, write_records
from understudy.core.consent.nude_scenes import NUDE_SCENES
from understudy.core.consent.request_consent import image_hashes

from tests.core import nude_clip

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

FIRST, LAST = 22, 23
"""Frames of the second shot: not those that the safeguard finds nudity in."""
REASON = "clip.mp4, frames 12 to 23: the shot shows nudity (at 16), so that no face in it is replaced, since "


@pytest.fixture
def begin(footage, tmp_path):
    """Steps that make a project whose range lies in a shot with nudity."""
    clip = nude_clip.write_clip(tmp_path / "clip.mp4")
    models = nude_clip.write_model(tmp_path / "models")
    return [
        ["environment", {"UNDERSTUDY_SAFEGUARD": "on", "UNDERSTUDY_MODELS": str(models)}],
        ["project", {"size": [480, 360], "frames": [FIRST, LAST], "save": str(tmp_path / "project.blend")}],
        ["movie", {"name": "clip", "file": str(clip)}],
        ["cast", {"name": "clip", "picture": footage.person}],
    ]


def render(folder, name):
    return ["render", {"out": str(folder / f"{name}_"), "report": str(folder / f"{name}.json")}]


def test_the_strip_shows_the_original_and_says_why_and_a_render_goes_on(drive, begin, tmp_path):
    records = tmp_path / "records.json"
    write_records(records, [])
    prepare = ["op", {"name": "understudy.prepare", "active": "clip", "what": "TIMELINE"}]
    state = ["strip_state_surfaces", {"name": "clip"}]
    answers = drive(
        *begin,
        ["setup", {"understudy__consent_file": str(records)}],
        prepare,
        state,
        render(tmp_path, "refused"),
        ["op", {"name": "understudy.consent_nude_scenes", "active": "clip"}],
        ["drawn", {"active": "clip"}],
        ["op", {"name": "understudy.consent_share"}],
        render(tmp_path, "source"),
    )
    count = LAST - FIRST + 1
    assert f"{REASON}no consent of the source person names such scenes" in answers[6]["json"]["text"]
    refused, source = answers[7], answers[11]
    assert refused["refused"] == ""
    assert refused["shown"]["swapped"] == 0
    assert sum(refused["shown"]["original"].values()) == count
    assert any("no consent of the source person" in text for text in refused["warnings"])
    assert len(list(tmp_path.glob("refused_*.png"))) == count
    assert "Nude or intimate scenes are covered" in " ".join(answers[9]["Face Swap Consent Record"])
    (shared,) = read_records(records)
    assert shared.use == NUDE_SCENES
    assert any("no consent of the person who is replaced" in text for text in source["warnings"])


def test_a_shot_with_everybodys_consent_is_recast(drive, begin, tmp_path):
    records = tmp_path / "records.json"
    answers = drive(
        *begin,
        ["setup", {"understudy__consent_file": str(records)}],
        ["op", {"name": "understudy.consent_replaced_person", "active": "clip", "person": "Bo"}],
        ["tune", {"settings": {"identity.consent": f"the lead; {NUDE_SCENES}"}}],
        ["op", {"name": "understudy.prepare", "active": "clip", "what": "TIMELINE"}],
        ["strip_state_surfaces", {"name": "clip"}],
        render(tmp_path, "covered"),
        ["tune", {"settings": {"identity.consent_record.until": "2001-02-03"}}],
        render(tmp_path, "ended"),
    )
    count = LAST - FIRST + 1
    assert answers[8]["json"]["swapped"] == count
    assert answers[9]["shown"]["swapped"] == count
    assert answers[11]["shown"]["swapped"] == 0
    (record,) = read_records(records)
    assert (record.person, record.images) == ("Bo", tuple(image_hashes([tmp_path / "clip.mp4"])))


def test_a_strict_render_fails(drive, begin, tmp_path):
    drive.status = STRICT_EXIT
    answers = drive(*begin, ["setup", {"understudy__strict": True}], render(tmp_path, "strict"))
    assert answers[-1]["failed"] == list(range(FIRST, LAST + 1))
    assert not list(tmp_path.glob("strict_*.png"))
    assert REASON in drive.output
