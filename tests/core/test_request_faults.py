# SPDX-License-Identifier: GPL-3.0-or-later
"""Why nothing can be swapped, told from files alone."""

from dataclasses import replace
from pathlib import Path

import pytest
from understudy.core.models.library import ModelLibrary
from understudy.core.recipe import Recipe
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.request_faults import IMAGE_MISSING, NO_SOURCE, has_source, request_fault


@pytest.fixture
def library(tmp_path: Path) -> ModelLibrary:
    """No models of the user's own."""
    return ModelLibrary([tmp_path / "models"])


@pytest.fixture
def person(tmp_path: Path) -> Path:
    path = tmp_path / "person.png"
    path.write_bytes(b"an image")
    return path


def request_for(*paths: Path, recipe: Recipe | None = None) -> SwapRequest:
    return SwapRequest(Identity(tuple(FaceImage(path) for path in paths)), recipe or Recipe())


def recipe_with(stage: str, **values: object) -> Recipe:
    return replace(Recipe(), **{stage: replace(getattr(Recipe(), stage), **values)})  # type: ignore[arg-type]


def test_a_request_needs_an_image_that_is_there(library: ModelLibrary, person: Path) -> None:
    assert request_fault([request_for(person)], library) == ""
    assert request_fault([request_for(person), request_for()], library) == NO_SOURCE
    assert request_fault([request_for(person, person.with_name("gone.png"))], library) == IMAGE_MISSING
    assert request_fault([request_for(person.parent)], library) == IMAGE_MISSING
    assert request_fault([], library) == ""
    assert not has_source([request_for()])


@pytest.mark.parametrize(
    ("stage", "values", "title"),
    [
        ("swap", {"swapper": "inswapper"}, "inswapper"),
        ("select", {"gender": "female"}, "gender and age"),
        ("select", {"age_low": 30}, "gender and age"),
        ("detect", {"detector": "yunet"}, "YuNet"),
        ("landmark", {"pose": "fsanet"}, "FSA-Net"),
        ("embed", {"recogniser": "arcface"}, "ArcFace"),
        ("occlude", {"masker": "xseg"}, "XSeg"),
        ("enhance", {"enhancer": "gfpgan"}, "GFPGAN"),
    ],
)
def test_a_model_that_is_chosen_must_be_there(
    library: ModelLibrary, person: Path, stage: str, values: dict[str, object], title: str
) -> None:
    fault = request_fault([request_for(person, recipe=recipe_with(stage, **values))], library)
    assert fault.startswith("model missing (")
    assert title.lower() in fault.lower()


def test_what_needs_no_file_of_the_users_is_no_fault(library: ModelLibrary, person: Path) -> None:
    for stage, values in (("detect", {"detector": "many"}), ("occlude", {"masker": "selfie"})):
        recipe = recipe_with(stage, **values)
        assert request_fault([request_for(person, recipe=recipe)], library) == ""


def test_a_model_of_one_person_needs_no_image(library: ModelLibrary) -> None:
    request = request_for(recipe=recipe_with("swap", swapper="dfm"))
    assert has_source([request])
    assert request_fault([request], library).startswith("model missing (")
