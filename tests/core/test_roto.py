# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks drawn by hand: what a text may be, how they move with a face, and how they are drawn."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.batch.roto_file import read_roto
from understudy.core.errors import MessageError, RecipeError
from understudy.core.fusion.patch import Patch
from understudy.core.fusion.roto.follow import carry_points
from understudy.core.fusion.roto.matte import DrawnMask, masks_key_inputs, subtract_masks
from understudy.core.fusion.roto.raster import Window, draw_layers
from understudy.core.layers.job import request_from, request_values
from understudy.core.recipe.request import Identity, SwapRequest
from understudy.core.recipe.roto import FOLLOWS
from understudy.core.recipe.roto_text import parse_roto

from tests.core.roto_masks import HEIGHT, WIDTH, first_mask_layers, mask, rectangle, text, to_mask
from tests.core.unusable_files import check_files_that_are_none, check_refusal

SIZE = WIDTH, HEIGHT
BOX = rectangle(100, 60, 300, 200)
LAYER = {"splines": [{}], "shapes": [{"frame": 0, "splines": [BOX]}]}


def test_a_box_is_drawn_where_it_is():
    matte = draw_layers(first_mask_layers(text(mask((0, BOX)))), Window(SIZE, 0, 0, *SIZE))
    assert matte.shape == (HEIGHT, WIDTH)
    assert (matte[61:199, 101:299] == 1).all()
    outside = matte.copy()
    outside[58:202, 98:302] = 0
    assert not outside.any()


@given(st.integers(0, 300), st.integers(0, 200), st.integers(1, 180), st.integers(1, 160))
def test_a_part_of_a_frame_is_drawn_as_in_the_whole(left, top, width, height):
    layers = first_mask_layers(text(mask((0, BOX), feather=0.03)))
    whole = draw_layers(layers, Window(SIZE, 0, 0, *SIZE))
    part = draw_layers(layers, Window(SIZE, left, top, width, height))
    assert np.abs(part - whole[top : top + height, left : left + width]).max() < 1e-6


def test_between_keyframes_points_and_opacity_go_straight():
    later = rectangle(140, 60, 340, 200)
    layer = {**LAYER, "opacity": [[0, 1.0], [4, 0.5]]}
    layer["shapes"] = [{"frame": 0, "splines": [BOX]}, {"frame": 4, "splines": [later]}]
    roto = json.dumps({"masks": [{"layers": [layer]}]})
    places = [first_mask_layers(roto, number)[0].points[0][0, 2] * WIDTH for number in (-3, 0, 1, 2, 4, 9)]
    assert np.allclose(places, [100, 100, 110, 120, 140, 140])
    assert [first_mask_layers(roto, number)[0].opacity for number in (-1, 2, 5)] == [1.0, 0.75, 0.5]


angles, shifts = st.floats(-np.pi, np.pi), st.floats(-100, 100)


@given(angles, st.floats(0.3, 3), shifts, shifts, st.sampled_from(FOLLOWS))
def test_a_mask_moves_as_the_face_does(angle, scale, across, down, follow):
    """A face that is turned, scaled and moved as one takes the mask along; by its position alone it only moves it."""
    rng = np.random.default_rng(5)
    before = np.asarray(rng.uniform(100, 250, (478, 3)), np.float32)
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    turn, shift = np.array([[cosine, -sine], [sine, cosine]]), np.array([across, down])
    after = before.copy()
    after[:, :2] = before[:, :2] @ turn.T + shift
    (shape,) = parse_roto(text(mask((0, BOX))))[0].layers[0].shapes
    (moved,) = carry_points(shape.splines, before, after, follow, SIZE)
    corners = np.array([[100.0, 60], [300, 60], [300, 200], [100, 200]])
    expected = {
        "none": corners,
        "position": corners + after[:468, :2].mean(0) - before[:468, :2].mean(0),
    }.get(follow, (corners - 0.5) @ turn.T + shift + 0.5)
    assert np.abs(moved[:, 2:4] - [to_mask(*point) for point in expected]).max() < 1e-5


def test_the_surface_takes_along_what_a_similarity_does_not():
    """A mouth that opens takes a mask on the chin down, and one on the brow not."""
    x, y = np.meshgrid(np.linspace(100, 200, 26), np.linspace(50, 200, 18))
    before = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], 1).astype(np.float32)
    after = before.copy()
    after[before[:, 1] > 150, 1] += 20
    shape = (
        parse_roto(text(mask((0, [to_mask(150, 190), to_mask(160, 60), to_mask(140, 60)]))))[0]
        .layers[0]
        .shapes[0]
    )
    (moved,) = carry_points(shape.splines, before, after, "surface", SIZE)
    fall = (shape.splines[0][:, 3] - moved[:, 3]) * WIDTH
    assert 17 < fall[0] < 22
    assert abs(fall[1]) < 3


@pytest.mark.parametrize("depth", [np.uint8, np.float32], ids=["8 bits", "deep"])
def test_what_is_subtracted_shows_the_original_and_holds_no_likeness(depth):
    pixels = np.full((140, 200, 4), 200, depth)
    pixels[..., 3] = 255
    masks = (DrawnMask(tuple(first_mask_layers(text(mask((0, BOX))))), "subtract"),)
    left = subtract_masks(Patch(200, 100, pixels), masks, SIZE).pixels
    assert left.dtype == depth
    assert not left[:96, :96].any()  # but for a rim beside what is shown
    assert (left[103:, 103:] == pixels[103:, 103:]).all()
    assert subtract_masks(Patch(310, 210, pixels), masks, SIZE).pixels is pixels


def test_keys_have_what_a_mask_looks_like_and_requests_without_are_what_they_were():
    plain = SwapRequest(Identity(()))
    roto = text(mask((0, BOX)))
    assert "roto" not in repr(replace(plain, roto=roto))
    assert masks_key_inputs(()) == {}
    both = [
        masks_key_inputs((DrawnMask(tuple(first_mask_layers(one)), mode),))
        for one, mode in ((roto, "add"), (roto, "subtract"), (text(mask((0, BOX[:3]))), "add"))
    ]
    assert len({entry["roto"] for entry in both}) == 3


def test_masks_reach_a_worker_and_what_they_may_not_be_does_not():
    request = SwapRequest(Identity(()), roto=text(mask((0, BOX))))
    values = json.loads(json.dumps(request_values(request)))
    assert request_from(values) == request
    for wrong in (5, None, "x" * (1 << 23)):
        with pytest.raises(MessageError):
            request_from({**values, "roto": wrong})


def _masks(**layer):
    return json.dumps({"masks": [{"layers": [{**LAYER, **layer}]}]})


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("", "is empty"),
        ("[1]", "it is no object"),
        ("{", "not JSON"),
        ("{}", "masks is no list"),
        ('{"mask": []}', "no entry mask: known are masks"),
        ('{"masks": [5]}', "mask 1: it is no object"),
        ('{"masks": [{"layers": []}]}', "mask 1: layers is no list"),
        (text(mask((0, BOX), mode="multiply")), "mask 1: mode can't be multiply"),
        (text(mask((0, BOX), follow=["x"])), "mask 1: follow can't be"),
        (text(mask((0, BOX), feather=-1)), "mask 1: feather is no number"),
        (text(mask((0, BOX), feather=True)), "mask 1: feather is no number"),
        (_masks(opacity=2), "mask 1, layer 1: opacity is no number"),
        (_masks(opacity=[[3, 1], [1, 1]]), "mask 1, layer 1: opacity is no list of"),
        (_masks(invert=1), "mask 1, layer 1: invert is neither"),
        (_masks(splines=[{"handles": [["free"]]}]), "layer 1, spline 1: handles are no list"),
        (_masks(splines=[{"handles": [["free", "free"]]}]), "spline 1 has 4 points"),
        (_masks(splines=[{"feather": [[[2, 1]]] * 4}]), "not between 0 and 1"),
        (_masks(splines=[{}, {}]), "layer 1: its shapes have not the same points"),
        (text(mask((0, BOX), (0, BOX))), "layer 1: its shapes are not in ascending frames"),
        (text(mask((0, BOX), (1, BOX[:3]))), "layer 1: its shapes have not the same points"),
        (text(mask((0, [[0, 0, 0]]))), "a point of spline 1 has not 2 or 7 numbers"),
        (text(mask((0, [[0, 1e30]]))), "a point of spline 1 has"),
        (text(mask((0, [[0, None]]))), "a point of spline 1 has not"),
        (text(mask((0, [[0, 0]] * 5000))), "spline 1 is no list of 1 to 4096"),
        (text(mask((1.5, BOX))), "shape 1: frame is no frame's number"),
        (text(*[mask((0, BOX))] * 20), "masks has 20 entries"),
        ('{"masks": -Infinity}', "as JSON with -Infinity in them"),
        ('{"masks": [' + "1" * 5000 + "]}", "can't be read as JSON"),
        ("[" * 200_000, "can't be read as JSON"),
    ],
)  # fmt: skip
def test_a_damaged_or_hostile_file_is_one_line(tmp_path, given, fault):
    path = tmp_path / "masks.json"
    path.write_text(given)
    check_refusal(read_roto, path, fault)


def test_a_file_that_is_none_is_one_line(tmp_path):
    check_files_that_are_none(read_roto, tmp_path, "masks", 1 << 23)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda one: st.lists(one, max_size=4)
    | st.dictionaries(st.sampled_from(["masks", "layers", "splines", "shapes", "frame", "feather", "x"]), one),
    max_leaves=20,
))  # fmt: skip
def test_nothing_but_masks_is_read_and_the_rest_is_refused(values):
    try:
        masks = parse_roto(json.dumps(values))
    except RecipeError as error:
        masks, fault = (), str(error)
    else:
        fault = ""
    assert bool(masks) != bool(fault)
    assert "\n" not in fault
