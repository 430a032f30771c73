# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a layer image is current, needs another label, or has to be made."""

from dataclasses import replace
from pathlib import Path

import pytest
from footage.portrait import write_sequence
from understudy.core.cache.base.key import stage_key
from understudy.core.layers.label import Label, RequestSummary
from understudy.core.media.open import open_sequence
from understudy.core.pipeline.plan import LayerPlan
from understudy.core.sessions.layer_state import LayerState, layer_state, matching_summary, request_summary

ASKED, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture
def plan(tmp_path: Path) -> LayerPlan:
    clip = open_sequence(tuple(write_sequence(tmp_path, 1, 64)))
    return LayerPlan(clip, 0, (64, 64), (), stage_key("layer", 1, {"width": 64}), may_label=True)


def test_a_label_answers_only_for_the_request_it_names() -> None:
    summary = RequestSummary(ASKED, 2, 1, 0)
    label = Label("00" * 32, summary)
    assert matching_summary(label, ASKED) == summary
    assert matching_summary(label, OTHER) is None
    assert matching_summary(label, None) is None
    assert matching_summary(Label("00" * 32, None), None) is None
    assert matching_summary(None, ASKED) is None


def test_a_image_with_another_key_or_no_label_is_stale(plan: LayerPlan) -> None:
    assert layer_state(None, ASKED, plan) is LayerState.STALE
    assert layer_state(Label("00" * 32, None), ASKED, plan) is LayerState.STALE


def test_a_image_with_the_right_key_gets_a_label_only_where_it_may_have_one(plan: LayerPlan) -> None:
    label = Label(plan.key.hex, RequestSummary(OTHER))
    assert layer_state(label, ASKED, plan) is LayerState.RELABEL
    assert request_summary(ASKED, plan) == RequestSummary(ASKED, 0, 0, 0)
    # The request has no digest, or planning gave a warning, which has to come again.
    for digest, entry in ((None, plan), (ASKED, replace(plan, may_label=False))):
        assert layer_state(label, digest, entry) is LayerState.CURRENT
        assert request_summary(digest, entry) is None
