# SPDX-License-Identifier: GPL-3.0-or-later
"""Every parameter can be set, is checked, and changes the key of its stage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.cache.base.key import stage_key
from understudy.core.errors import RecipeError
from understudy.core.recipe import Recipe, find_parameter, key_inputs, parameters, with_settings, with_value
from understudy.core.recipe.parameter import Parameter

ALL = list(parameters())
SAVED_VALUES = {
    "detect.detector": "blaze blaze-short yunet scrfd retinaface retinaface-ssd yolov5-face yolov8-face s3fd "
    "centerface many",
    "detect.angles": "upright sideways all",
    "landmark.landmarker": "face-mesh face-mesh-468 face-mesh-478 fan-68 68-from-5 peppa-68 pfld-98 "
    "insightface-106 liveportrait-203",
    "landmark.pose": "mesh 6drepnet fsanet",
    "embed.recogniser": "mesh arcface ghostface sface mobileface",
    "occlude.masker": "colour xseg bisenet skin-hair selfie",
    "select.which": "largest all leftmost rightmost smallest topmost bottommost surest reference",
    "swap.swapper": "mesh inswapper hyperswap ghost simswap-256 simswap-512 hififace blendswap uniface dfm",
    "enhance.enhancer": "none gfpgan codeformer gpen-256 gpen-512 gpen-1024 gpen-2048 restoreformer",
    "fusion.mask_shape": "oval box",
    "fusion.openings": "mesh always",
}
"""What projects have saved by number."""


def other_value(parameter: Parameter) -> str | int | float:
    """Return an allowed value that is not the default."""
    if parameter.choices:
        names = [choice[0] for choice in parameter.choices]
        return next((name for name in names if name != parameter.default), names[0])
    if parameter.kind is str:
        return "another"
    assert parameter.low is not None
    assert parameter.high is not None
    value = parameter.kind((parameter.low + parameter.high) / 2)
    return value if value != parameter.default else parameter.kind(parameter.low)


CHANGEABLE = [parameter for parameter in ALL if other_value(parameter) != parameter.default]


@pytest.mark.parametrize("parameter", CHANGEABLE, ids=lambda p: p.path)
def test_a_changed_parameter_changes_the_key_of_its_own_stage_and_no_other(parameter: Parameter) -> None:
    value = other_value(parameter)
    changed = with_value(Recipe(), parameter.path, value)
    for group in ("detect", "landmark", "select", "swap", "enhance", "fusion"):
        before = stage_key(group, 1, key_inputs(getattr(Recipe(), group)))
        after = stage_key(group, 1, key_inputs(getattr(changed, group)))
        assert (before.digest != after.digest) == (group == parameter.group)


@pytest.mark.parametrize("parameter", ALL, ids=lambda p: p.path)
def test_every_parameter_explains_itself(parameter: Parameter) -> None:
    assert parameter.label
    assert parameter.text[0].isupper()
    assert not parameter.text.endswith(".")
    assert parameter.cost in ("instant", "re-swap", "re-analyse")
    if not parameter.choices and parameter.kind is not str:
        assert parameter.low is not None
        assert parameter.high is not None
        assert parameter.low <= float(parameter.default) <= parameter.high


@given(st.floats(0, 1))
def test_a_setting_written_as_text_is_the_value(value: float) -> None:
    assert with_settings(Recipe(), [f"fusion.blend={value!r}"]).fusion.blend == value


@given(st.floats(allow_nan=True, allow_infinity=True).filter(lambda v: not 0 <= v <= 1))
def test_a_value_out_of_range_is_refused_by_name(value: float) -> None:
    with pytest.raises(RecipeError, match=r"fusion\.blend must be from 0 to 1"):
        with_value(Recipe(), "fusion.blend", value)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("fusion.blnd=1", "there is no parameter 'fusion.blnd': did you mean fusion.blend?"),
        ("colour=1", "known are detect.score"),
        ("swap.blend=1", "did you mean fusion.blend"),
        ("fusion.blend", "a setting is written name=value"),
        ("fusion.blend=much", "takes a number, not 'much'"),
        ("select.which=third", "use one of largest, all"),
        ("swap.crop_size=99999", "from 128 to 2048"),
        ("swap.model=two\nlines", "swap.model is one line of text"),
    ],
)
def test_a_bad_setting_gets_one_line_that_names_it(setting: str, said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        with_settings(Recipe(), [setting])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_parameter_is_looked_up_by_its_path() -> None:
    assert find_parameter("fusion.blend").cost == "instant"
    assert find_parameter("swap.crop_size").cost == "re-swap"
    assert find_parameter("landmark.score").cost == "re-analyse"


@pytest.mark.parametrize("path", SAVED_VALUES)
def test_what_an_older_project_saved_by_number_is_still_what_it_was(path: str) -> None:
    names = SAVED_VALUES[path].split()
    assert [choice[0] for choice in find_parameter(path).choices][: len(names)] == names
