# SPDX-License-Identifier: GPL-3.0-or-later
"""Why nothing can be swapped, told from files alone."""

from dataclasses import replace
from pathlib import Path

import pytest
from understudy.core.models.library import ModelLibrary
from understudy.core.recipe import Landmark, Recipe, Swap
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.request_faults import (
    has_source,
    image_fault,
    request_fault,
    sourceless_modifier,
)


@pytest.fixture
def library(tmp_path: Path) -> ModelLibrary:
    """No models of the user's own."""
    return ModelLibrary([tmp_path / "models"])


@pytest.fixture
def person(tmp_path: Path) -> Path:
    path = tmp_path / "person.png"
    path.write_bytes(b"an image")
    return path


def request_for(*paths: Path, recipe: Recipe | None = None, modifier: str = "Face Swap") -> SwapRequest:
    identity = Identity(tuple(FaceImage(path) for path in paths))
    return SwapRequest(identity, recipe or Recipe(), modifier=modifier)


@pytest.mark.parametrize(("swapper", "is_refused"), [("mesh", True), ("hyperswap", False)])
def test_a_landmarker_that_does_not_suit_the_swapper_is_said(
    library: ModelLibrary, person: Path, swapper: str, is_refused: bool
) -> None:
    """Before a model is loaded: no frame of it could be swapped."""
    recipe = Recipe(swap=Swap(swapper=swapper), landmark=Landmark(landmarker="fan-68"))
    fault = request_fault([request_for(person, recipe=recipe)], library)
    assert fault is not None
    assert fault.state_text.startswith("landmarker fan-68 does not find" if is_refused else "model missing")


def text_of(requests: list[SwapRequest], library: ModelLibrary) -> str:
    fault = request_fault(requests, library)
    return "" if fault is None else fault.full_text


def recipe_with(stage: str, **values: object) -> Recipe:
    return replace(Recipe(), **{stage: replace(getattr(Recipe(), stage), **values)})  # type: ignore[arg-type]


def test_a_request_needs_an_image_that_is_there(library: ModelLibrary, person: Path) -> None:
    gone = request_for(person, person.with_name("gone.png"))
    assert text_of([request_for(person)], library) == ""
    assert text_of([request_for(person), request_for(modifier="Second")], library).startswith(
        "Second: no source face yet: "
    )
    assert text_of([gone], library).startswith("Face Swap: image missing (gone.png): ")
    assert text_of([request_for(person.parent)], library).startswith("Face Swap: image missing (")
    assert text_of([], library) == ""
    assert not has_source([request_for()])


def test_a_state_names_the_modifier_and_what_to_do_where_there_are_several(
    library: ModelLibrary, person: Path
) -> None:
    gone = request_for(person.with_name("gone.png"), modifier="Second")
    alone, one_of_two = (
        request_fault(requests, library) for requests in ([gone], [request_for(person), gone])
    )
    assert alone is not None
    assert alone.state_text == "image missing (gone.png)"
    assert one_of_two is not None
    assert one_of_two.state_text == "Second: image missing (gone.png): put it back, or choose another"
    assert sourceless_modifier([request_for()]) == ""
    assert sourceless_modifier([request_for(person), request_for(modifier="Second")]) == "Second"


def test_what_images_show_is_a_fault_of_the_modifier_that_needs_them(person: Path) -> None:
    other = person.with_name("nobody.png")
    looked_at: list[str] = []

    def fault_of(image: FaceImage, _detect: object) -> str:
        looked_at.append(image.path.name)
        return "no face was found in nobody.png: use another" if image.path == other else ""

    fault = image_fault([request_for(person), request_for(person, other, modifier="Second")], fault_of)
    assert fault is not None
    assert fault.full_text == "Second: no face was found in nobody.png: use another"
    assert looked_at == ["person.png", "person.png", "nobody.png"]
    # A model of one person needs no image.
    assert image_fault([request_for(other, recipe=recipe_with("swap", swapper="dfm"))], fault_of) is None


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
    fault = text_of([request_for(person, recipe=recipe_with(stage, **values))], library)
    assert fault.startswith("Face Swap: model missing (")
    assert title.lower() in fault.lower()


def test_what_needs_no_file_of_the_users_is_no_fault(library: ModelLibrary, person: Path) -> None:
    for stage, values in (("detect", {"detector": "many"}), ("occlude", {"masker": "selfie"})):
        recipe = recipe_with(stage, **values)
        assert request_fault([request_for(person, recipe=recipe)], library) is None


def test_a_model_of_one_person_needs_no_image(library: ModelLibrary) -> None:
    request = request_for(recipe=recipe_with("swap", swapper="dfm"))
    assert has_source([request])
    assert text_of([request], library).startswith("Face Swap: model missing (")
