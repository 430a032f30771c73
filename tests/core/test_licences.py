# SPDX-License-Identifier: GPL-3.0-or-later
"""The strictest licence of all models that run together counts, and a render can require that it is commercial."""

import json
import sys
from pathlib import Path

import pytest
from models import stand_in_swappers
from understudy.core.cache.settings import CacheSettings
from understudy.core.cli.main import main
from understudy.core.errors import RefusalError
from understudy.core.models.catalog import load_catalogue
from understudy.core.models.library import ModelLibrary
from understudy.core.models.licences import swapper_companions
from understudy.core.models.model_availability import model_availability
from understudy.core.models.model_file import ModelFile
from understudy.core.models.statement import statement_path
from understudy.core.provenance.facts import facts_from_json
from understudy.core.recipe import Recipe, parameters, with_settings
from understudy.core.recipe.redetection import make_redetection
from understudy.core.recipe.request import Identity, SwapRequest
from understudy.core.sessions.composite_facts import CompositeFactsFinder
from understudy.core.sessions.conditions import condition_fault
from understudy.core.sessions.licences import (
    licence_fault,
    recipe_licences,
    require_commercial_licences,
)
from understudy.core.sessions.settings import RunSettings

from tests.core import face_clip

CATALOGUE = load_catalogue()


@pytest.fixture
def library(tmp_path: Path) -> ModelLibrary:
    """No models of the user's own."""
    return ModelLibrary([tmp_path / "models"])


def recipe_with(*settings: str) -> Recipe:
    return with_settings(Recipe(), list(settings))


def test_what_comes_with_understudy_allows_any_use(library: ModelLibrary) -> None:
    chain = recipe_licences(recipe_with("occlude.masker=selfie"), library)
    assert [model.path for model in chain] == ["detect/blaze", "landmark/face-mesh", "occlude/selfie"]
    assert all(model.is_here and model.commercial and model.licence == "Apache-2.0" for model in chain)
    assert licence_fault([Recipe()], library) == ""
    require_commercial_licences([Recipe()], library)


def test_the_strictest_of_the_chain_counts_not_the_swappers_own(library: ModelLibrary) -> None:
    recipe = recipe_with("swap.swapper=ghost")
    chain = {model.path: model for model in recipe_licences(recipe, library)}
    assert list(chain)[2:] == ["swap/ghost", "embed/arcface", "convert/ghost"]
    assert chain["swap/ghost"].commercial
    assert not chain["embed/arcface"].commercial
    assert (chain["convert/ghost"].licence, chain["convert/ghost"].needed_by) == ("not stated", "swap/ghost")
    with pytest.raises(
        RefusalError, match=r"\(embed/arcface\), which swap/ghost needs, is not surely"
    ) as caught:
        require_commercial_licences([Recipe(), recipe], library)
    assert "\n" not in str(caught.value)
    state = model_availability(library, "swap", "ghost")
    assert state is not None
    assert (state.licence, state.commercial) == ("Apache-2.0", False)
    assert state.companion.endswith(": non-commercial research purposes only")


def test_what_the_user_says_of_a_file_counts_for_that_file_alone(tmp_path: Path) -> None:
    stand_in_swappers.write_swapper(tmp_path, "ghost")
    library = ModelLibrary([tmp_path])
    recipe = recipe_with("swap.swapper=ghost")
    for path in sorted(tmp_path.glob("*.onnx")):
        stated = statement_path(path)
        assert licence_fault([recipe], library)
        stated.write_text(f'{stated.read_text()}\nlicence = "mine"\ncommercial = true\n')
        library.rescan()
    assert licence_fault([recipe], library) == ""
    assert {model.licence for model in recipe_licences(recipe, library)} == {"Apache-2.0", "mine"}


def test_marks_name_the_licences_of_the_whole_chain_and_no_words_of_a_user(tmp_path: Path) -> None:
    stand_in_swappers.write_swapper(tmp_path, "ghost")
    request = SwapRequest(Identity(()), recipe_with("swap.swapper=ghost"))
    embedded = CompositeFactsFinder(ModelLibrary([])).find([SwapRequest(Identity(()))], [])
    assert (embedded.licences, embedded.is_commercial, len(embedded.models)) == (("Apache-2.0",), True, 2)
    stated = statement_path(next(tmp_path.glob("*arcface*.onnx")))
    stated.write_text(f'{stated.read_text()}\nlicence = "planted words"\ncommercial = true\n')
    facts = CompositeFactsFinder(ModelLibrary([tmp_path])).find([request], [])
    assert facts.licences == ("Apache-2.0", "not stated", "other")
    assert not facts.is_commercial
    # The network that describes the person and the converter run too.
    assert set(facts.models) == set(embedded.models) | {
        ModelFile(path).sha256 for path in tmp_path.glob("*.onnx")
    }
    assert facts_from_json(facts.as_json()) == facts
    assert "planted" not in facts.as_json()
    for values in ({"licenses": ["a\n"]}, {"licenses": "MIT"}, {"licenses": [7]}):
        assert facts_from_json(json.dumps(facts.as_dict() | values)) is None


def test_every_choice_of_an_engine_has_its_chain(library: ModelLibrary) -> None:
    """Whatever an editor chooses: what runs is in the list, and nobody forgets a file of it."""
    roles = {"landmark.pose": "pose", "swap.swapper": "swap", "enhance.enhancer": "enhance"}
    for parameter in parameters():
        role = roles.get(parameter.path, parameter.group)
        for name in [choice[0] for choice in parameter.choices]:
            if (role, name) not in CATALOGUE.families:
                continue
            paths = {
                model.path for model in recipe_licences(recipe_with(f"{parameter.path}={name}"), library)
            }
            assert f"{role}/{name}" in paths
            if role == "swap":
                companions = swapper_companions(CATALOGUE.family(role, name))
                assert {"/".join(companion) for companion in companions} <= paths
    by_age = recipe_licences(recipe_with("select.age_low=20"), library)
    assert "attribute/genderage" in {model.path for model in by_age}
    uncovered = recipe_licences(recipe_with("occlude.masker=bisenet", "fusion.keep_cover=0"), library)
    assert "occlude/bisenet" not in {model.path for model in uncovered}


@pytest.mark.parametrize("family", ["hyperswap", "inswapper"])
def test_research_licences_are_named_and_hyperswap_has_no_address(family: str) -> None:
    cards = [card for card in CATALOGUE.models if (card.role, card.family) == ("swap", family)]
    assert cards
    assert not any(card.commercial for card in cards)
    assert all(card.page and card.note for card in cards)
    assert family != "hyperswap" or not any(card.url for card in cards)


def test_the_report_as_text_and_as_values(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UNDERSTUDY_MODELS", str(tmp_path))
    assert main(["licences"]) == 0
    assert "together: the licenses allow any use" in capsys.readouterr().out
    ghost = ["licences", "--set", "swap.swapper=ghost"]
    assert main(ghost) == 0
    said = capsys.readouterr().out
    assert "together: NOT for commercial use, since ArcFace" in said
    assert "what a model was trained on may have terms of its own" in said
    assert main([*ghost, "--json", "--require-commercial"]) == 1
    values = json.loads(capsys.readouterr().out)
    assert values["commercial"] is False
    assert values["strictest"]["family"] == "arcface"
    assert {model["role"] for model in values["models"]} == {"detect", "landmark", "swap", "embed", "convert"}
    swaps = tmp_path / "swaps.toml"
    face_clip.write_picture(tmp_path / "a.png", face_clip.portrait())
    swaps.write_text('[[swap]]\nface = "a.png"\nset.enhance.enhancer = "codeformer"\n')
    assert main(["licences", "--swaps", str(swaps), "--require-commercial"]) == 1
    assert "S-Lab License 1.0" in capsys.readouterr().out


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_a_render_that_requires_it_refuses_in_one_line(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    stand_in_swappers.write_swapper(models, "ghost")
    monkeypatch.setenv("UNDERSTUDY_MODELS", str(models))
    clip = face_clip.write_clip(tmp_path / "clip.mp4", 2, sound=False)
    face = tmp_path / "red.png"
    face_clip.write_picture(face, face_clip.make_up_portrait((230, 20, 20)))
    words = ["render", str(clip), "--face", str(face), "--output", str(tmp_path / "out.mp4"), "--no-cache"]
    words += ["--set", "swap.swapper=ghost"]
    if how == "flag":
        words.append("--require-commercial")
    else:
        monkeypatch.setenv("UNDERSTUDY_REQUIRE_COMMERCIAL", "1")
    assert main(words) == 1
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("understudy: not rendered: ghost")
    assert "not surely for commercial use" in lines[0]
    assert not (tmp_path / "out.mp4").exists()


def test_a_range_that_is_detected_again_has_its_models_in_all_that_is_asked(library: ModelLibrary) -> None:
    """What a commercial render refuses, and what marks name."""
    again = make_redetection(2, 4, {"detect.detector": "scrfd"})
    plain, request = (SwapRequest(Identity(()), redetections=ranges) for ranges in ((), (again,)))
    settings = RunSettings(CacheSettings(Path("none"), keep=False), require_commercial=True)
    assert condition_fault([plain], settings) == ""
    assert "scrfd" in condition_fault([request], settings)
    facts = CompositeFactsFinder(library).find([request], [])
    assert not facts.is_commercial
    assert recipe_with("detect.detector=scrfd", "detect.every=1") in request.recipes


@pytest.mark.skipif(sys.platform == "win32", reason="programs are made by their mode")
def test_the_report_of_a_project_is_what_blender_writes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, library: ModelLibrary
) -> None:
    """What tests/addon/test_conditions.py has Blender write; here a program that writes it."""
    project, program = tmp_path / "p.blend", tmp_path / "blender"
    project.touch()
    written = [
        model.as_dict() for model in recipe_licences(recipe_with("enhance.enhancer=codeformer"), library)
    ]
    (tmp_path / "written.json").write_text(json.dumps(written))
    program.write_text(
        f"#!{sys.executable}\nimport re, shutil, sys\n"
        "name = re.search(r\"write_licences.*'filepath': '([^']+)'\", sys.argv[-1])[1]\n"
        f"shutil.copy({str(tmp_path / 'written.json')!r}, name)\n"
    )
    program.chmod(0o755)
    words = ["licences", str(project), "--blender", str(program)]
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"] == written
    assert main([*words, "--require-commercial"]) == 1
    (tmp_path / "written.json").write_text('[{"role": "swap"}]')
    assert main(words) == 1
    assert "must have the entries" in capsys.readouterr().err
