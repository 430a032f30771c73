# SPDX-License-Identifier: GPL-3.0-or-later
"""A sheet beside an editor: its image fills in, it costs what its cells cost, and a request has the right form."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from understudy.core.cache.settings import CacheSettings
from understudy.core.errors import ClipError, FaceImageError, MessageError, RecipeError, RefusalError
from understudy.core.media.source import ClipSource
from understudy.core.recipe import find_parameter, initial_recipe, parameters, with_value
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.layer_session import LayerSession
from understudy.core.sessions.settings import RunSettings
from understudy.core.sheet.request import SheetRequest, sheet_request_from, sheet_request_values
from understudy.core.sheet.run import make_sheet
from understudy.core.sheet.sheet import Variant
from understudy.core.sheet.values import can_compare, make_wedge, surrounding_values, wedge_variants

from tests.core.rendered_clip import FRAMES, folder

__all__ = ["folder"]

COMPARED = [entry for entry in parameters() if can_compare(entry)]
CHOICES = [entry for entry in COMPARED if entry.kind not in (int, float)]
NUMBERS = [entry for entry in COMPARED if entry.kind in (int, float)]


def swap_request(image):
    return SwapRequest(Identity((FaceImage(image),), image.stem), initial_recipe())


def sheet_request(folder, variants, wedges=(), *, first=0, last=FRAMES - 1, columns=2):
    source = ClipSource(movie=True, paths=(folder / "clip.mp4",))
    return SheetRequest(source, variants, wedges, first, last, columns, 96, folder / "sheets" / "sheet.png")


def run(session, request, looks=None):
    """Make a sheet; return each progress and what the image was like then."""
    before = session.report()
    pipeline, clip = session.open_pipeline(request.source)
    steps = []
    for progress in make_sheet(pipeline, clip, request, (looks if looks is not None else []).append):
        with Image.open(request.path) as image:
            steps.append((progress, np.asarray(image)))
    report = session.report().since(before)
    runs = {stage: counts["run"] for stage, counts in report.stages.items() if counts["run"]}
    return steps, runs, report


@pytest.fixture(scope="module")
def session(folder):
    with closing(LayerSession(RunSettings(CacheSettings(folder / "cache")))) as opened:
        yield opened


def test_people_are_swapped_in_the_frames_that_tell_most_and_cells_fill_in(folder, session):
    people = tuple(Variant(name, swap_request(folder / f"{name}.png")) for name in ("red", "blue"))
    request, looks = sheet_request(folder, people), []
    steps, runs, _ = run(session, request, looks)
    assert looks[-1] == 1.0
    assert looks == sorted(looks)
    assert (runs["detect"], runs["swap"], runs["fuse"]) == (FRAMES, 4, 4)
    assert [progress.done for progress, _ in steps] == [1, 2, 3, 4, 5, 6]
    first, last = steps[0], steps[-1]
    assert first[1].shape == last[1].shape  # an editor shows it in one place
    filled = {"first": [], "last": []}
    for variant, column, left, top, width, height in last[0].places:
        for name, (_, image) in (("first", first), ("last", last)):
            filled[name].append(image[top : top + height, left : left + width].std() > 5)
        assert (variant, column) in {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert filled == {"first": [False] * 4, "last": [True] * 4}
    assert request.path.with_suffix(".html").read_text().count("<figure") == 6


def test_a_wedge_of_fusion_values_only_fuses(folder, session):
    red = swap_request(folder / "red.png")
    run(session, sheet_request(folder, (Variant("red", red),), first=5, last=5, columns=1))
    wedges = (
        make_wedge("fusion.colour_match", ("0.4", "0.6", "0.8")),
        make_wedge("fusion.blend", ("0.5", "1")),
    )
    steps, runs, report = run(
        session, sheet_request(folder, wedge_variants(red, wedges), wedges, first=5, last=5, columns=1)
    )
    assert runs == {"fuse": 6}
    assert report.frames_decoded == report.models_loaded == 0
    cells = [
        steps[-1][1][top : top + height, left : left + width].astype(int)
        for _, _, left, top, width, height in steps[-1][0].places
    ]
    assert len(cells) == 6
    assert all(np.abs(one - other).max() > 3 for one in cells for other in cells if one is not other)


def test_a_sheet_that_can_not_be_made_says_why(folder, session, tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "nobody.png")
    red, nobody = swap_request(folder / "red.png"), swap_request(tmp_path / "nobody.png")
    with pytest.raises(FaceImageError, match="no face was found"):
        run(session, sheet_request(folder, (Variant("nobody", nobody),)))
    with pytest.raises(ClipError, match="has no frame 99"):
        run(session, sheet_request(folder, (Variant("red", red),), first=99, last=99))
    both = Variant("nobody", nobody), Variant("red", red)
    steps, *_ = run(session, sheet_request(folder, both, first=3, last=3, columns=1))
    assert (steps[-1][0].failed, steps[-1][0].total) == (1, 3)


def test_who_must_not_be_shown_is_not_looked_at(folder, session, tmp_path):
    red, gone = swap_request(folder / "red.png"), swap_request(tmp_path / "gone.png")
    refused = Variant("gone", gone, fault="not rendered: no consent")
    steps, *_ = run(
        session, sheet_request(folder, (refused, Variant("red", red)), first=3, last=3, columns=1)
    )
    assert (steps[-1][0].failed, steps[-1][0].total) == (1, 3)
    with pytest.raises(RefusalError, match="not rendered: no consent"):
        run(session, sheet_request(folder, (refused,), first=3, last=3, columns=1))


def test_a_request_comes_back_as_it_was(folder):
    wedges = (make_wedge("swap.shape", ("0", "1")),)
    request = sheet_request(folder, wedge_variants(swap_request(folder / "red.png"), wedges), wedges)
    first, *others = request.variants
    request = replace(request, variants=(replace(first, fault="not rendered"), *others))
    values = json.loads(json.dumps(sheet_request_values(request)))
    assert sheet_request_from(values, request.source) == request
    for name, wrong in (
        ("variants", []), ("wedges", [{"path": "x"}]), ("columns", 0), ("side", 1 << 20), ("last", -1),
        ("picture", "/etc/passwd"), ("variants", values["variants"][:1]),
    ):  # fmt: skip
        with pytest.raises(MessageError):
            sheet_request_from({**values, name: wrong}, request.source)
    values["variants"][0]["request"]["recipe"]["swap"]["shape"] = 99.0
    with pytest.raises(RecipeError):
        sheet_request_from(values, request.source)


@given(st.sampled_from(NUMBERS), st.floats(0, 1))
def test_three_values_surround_the_present_one(parameter, share):
    present = parameter.kind(parameter.low + share * (parameter.high - parameter.low))
    if parameter.kind is float:
        present = float(f"{present:.6g}")
    texts = surrounding_values(parameter, present)
    values = [parameter.kind(text) for text in texts]
    assert len(set(values)) == 3
    assert values == sorted(values)
    assert any(abs(value - present) <= 1e-6 * max(abs(present), 1) for value in values)
    for text in texts:
        with_value(initial_recipe(), parameter.path, text)


@pytest.mark.parametrize(
    "parameter", [entry for entry in COMPARED if entry not in NUMBERS], ids=lambda entry: entry.path
)
def test_choices_and_switches_are_compared_all(parameter):
    values = surrounding_values(parameter, parameter.initial)
    assert len(values) == (len(parameter.choices) or 2)
    for value in values:
        with_value(initial_recipe(), parameter.path, value)


def test_values_that_are_no_wedge_are_refused():
    with pytest.raises(RecipeError, match="two values at least"):
        make_wedge("fusion.blend", ("0.5", " 0.5 ", ""))
    request = swap_request(Path("ann.png"))
    with pytest.raises(RecipeError, match="from 0 to 1"):
        wedge_variants(request, (make_wedge("fusion.blend", ("0.5", "7")),))
    with pytest.raises(RecipeError, match="too many"):
        wedge_variants(request, (make_wedge("fusion.blend", [str(value / 100) for value in range(65)]),))


def test_forms_of_the_people_go_with_shape_alone():
    plain = replace(swap_request(Path("ann.png")), target_forms="forms")
    wedges = (make_wedge("swap.shape", ("0", "1")),)
    assert [entry.request.target_forms for entry in wedge_variants(plain, wedges, "forms")] == ["", "forms"]
    assert find_parameter("swap.shape").label == wedges[0].label
