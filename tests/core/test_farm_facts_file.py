# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of a project come back from JSON as they were, and nothing else is taken for facts."""

import json

import pytest
from understudy.core.errors import FarmError
from understudy.core.farm.facts_file import facts_json, facts_of_json, read_facts_file

from tests.core.farm_facts import make_facts


def test_facts_come_back_as_they_were():
    facts = make_facts(
        first_frame=-20, environment={"UNDERSTUDY_MODELS": "/m"}, faults=("a",), warnings=("b",)
    )
    assert facts_of_json(facts_json(facts)) == facts


@pytest.mark.parametrize(
    "change",
    [
        {"frame_step": 0},
        {"first_frame": "1"},
        {"writes_movie": 1},
        {"project": ""},
        {"render_size": [1280]},
        {"assets": [{"kind": "clip"}]},
        {"environment": {"UNDERSTUDY_MODELS": 1}},
        {"more": 1},
    ],
)
def test_what_is_not_as_this_version_writes_it_is_refused(change):
    values = {**json.loads(facts_json(make_facts())), **change}
    with pytest.raises(FarmError, match="install the same version"):
        facts_of_json(json.dumps(values))


def test_a_file_without_facts_is_refused(tmp_path):
    file = tmp_path / "facts.json"
    with pytest.raises(FarmError, match="can't read"):
        read_facts_file(file)
    file.write_text("{")
    with pytest.raises(FarmError, match="no JSON"):
        read_facts_file(file)
