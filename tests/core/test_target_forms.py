# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of a person is theirs, not the clip's: kept with a request, it holds in every cut of a clip."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from footage.portrait import portrait, write_picture, write_sequence
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.cache.tiers import open_local
from understudy.core.errors import RecipeError
from understudy.core.layers.job import request_from, request_values
from understudy.core.media.open import open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.form_text import MAX_KEPT_PEOPLE, forms_from_text, forms_to_text
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.plan import LayerPlan
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.reporting.stage_counts import Report

COUNT = 4


def people(count: int, dimensions: int = 5) -> dict[str, np.ndarray]:
    random = np.random.default_rng(count)
    return {
        "forms": random.uniform(-2, 2, (count, 468, 3)).astype(np.float32),
        "spreads": random.uniform(0, 1, (count, 468)).astype(np.float32),
        "vectors": random.uniform(-1, 1, (count, dimensions)).astype(np.float32),
    }


@given(st.integers(1, MAX_KEPT_PEOPLE), st.integers(1, 40))
def test_a_text_holds_every_bit_of_the_forms(count: int, dimensions: int) -> None:
    given_people = people(count, dimensions)
    kept = forms_from_text(forms_to_text(given_people))
    assert all(np.array_equal(kept[name], given_people[name]) for name in given_people)


def test_nobody_is_an_empty_text_and_too_many_are_the_first() -> None:
    assert forms_to_text(people(0)) == ""
    assert len(forms_from_text(forms_to_text(people(MAX_KEPT_PEOPLE + 3)))["forms"]) == MAX_KEPT_PEOPLE


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-8],
        lambda text: text + "AAAA",
        lambda text: text[6:],
        lambda text: "form1:",
        lambda text: "form1:%",
        lambda text: "form1:" + "/" * (len(text) - 6),
    ],
)
def test_a_damaged_text_is_refused(damage) -> None:
    with pytest.raises(RecipeError, match="Learn Again"):
        forms_from_text(damage(forms_to_text(people(1))))


@pytest.mark.parametrize("value", [np.nan, np.inf, 100])
def test_forms_beyond_any_face_are_refused(value) -> None:
    beyond = people(1)
    beyond["forms"][0, 3, 1] = value
    with pytest.raises(RecipeError, match="Learn Again"):
        forms_from_text(forms_to_text(beyond))


def test_a_worker_gets_the_forms() -> None:
    request = SwapRequest(Identity((FaceImage(Path("a.png")),)), target_forms=forms_to_text(people(2)))
    assert request_from(request_values(request)) == request


class Project:
    """A clip, its second half as a clip of its own, and runs over both with one cache."""

    def __init__(self, folder: Path) -> None:
        self.whole = write_sequence(folder / "clip", COUNT)
        self.part = self.whole[COUNT // 2 :]
        self.cache = folder / "cache"
        # No steadying: at a cut, landmarks are steadied by other neighbours.
        recipe = with_settings(Recipe(), ["swap.shape=1", "landmark.steady=0", "landmark.gaps=0"])
        wide = np.repeat(portrait(), 6, axis=1)[:, ::5]
        image = FaceImage(write_picture(folder / "wide.png", np.ascontiguousarray(wide)))
        self.request = SwapRequest(Identity((image,)), recipe)

    def run(self, frames: list[Path], request: SwapRequest) -> tuple[list[LayerPlan], Report, str]:
        store, _ = open_local(self.cache, 64 << 20, schemas=STAGE_SCHEMAS)
        with open_sequence(frames) as clip:
            pipeline = Pipeline(store, embedded_models())
            plans = [pipeline.plan(clip, number, [request]) for number in range(clip.info.frame_count)]
            for plan in plans:
                pipeline.execute(plan)
            forms, report = pipeline.target_forms(clip, request.recipe), pipeline.report()
            pipeline.close()
        store.close()
        return plans, report, forms


def test_another_cut_of_a_clip_hits_its_swaps(tmp_path: Path) -> None:
    project = Project(tmp_path)
    whole, _, forms = project.run(project.whole, project.request)
    alone, _, own_forms = project.run(project.part, project.request)
    assert own_forms != forms
    assert {plan.key for plan in alone}.isdisjoint(plan.key for plan in whole)
    kept = replace(project.request, target_forms=forms)
    again, report, _ = project.run(project.part, kept)
    assert [plan.key for plan in again] == [plan.key for plan in whole[COUNT // 2 :]]
    assert (report.stages["swap"]["run"], report.stages["swap"]["hit"]) == (0, COUNT // 2)
    assert [plan.key for plan in project.run(project.whole, kept)[0]] == [plan.key for plan in whole]


def test_a_person_who_is_not_known_yet_is_learned_from_the_clip(tmp_path: Path) -> None:
    project = Project(tmp_path)
    whole, _, forms = project.run(project.whole, project.request)
    kept = forms_from_text(forms)
    stranger = forms_to_text({**kept, "forms": kept["forms"] * 1.1, "vectors": -kept["vectors"]})
    other, _, _ = project.run(project.whole, replace(project.request, target_forms=stranger))
    assert [plan.key for plan in other] == [plan.key for plan in whole]
    known = forms_to_text({**kept, "forms": kept["forms"] * np.float32([1.1, 1, 1])})
    changed, _, _ = project.run(project.whole, replace(project.request, target_forms=known))
    assert {plan.key for plan in changed}.isdisjoint(plan.key for plan in whole)
