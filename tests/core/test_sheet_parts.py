# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a sheet: what a cell shows of its frame, its words, and where it stands."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sheet.chosen_frame import ChosenFrame
from understudy.core.sheet.layout import cost_text, lay_out
from understudy.core.sheet.lettering import font, plain_letters, wrap_lines
from understudy.core.sheet.sheet import Cell, Cost, Sheet, Variant, Wedge
from understudy.core.sheet.view import face_view, frame_view

sizes = st.tuples(st.integers(16, 300), st.integers(16, 300))
shares = st.tuples(st.floats(-0.2, 1.1), st.floats(-0.2, 1.1), st.floats(0.01, 0.6), st.floats(0.01, 0.6))


@given(sizes, st.lists(shares, max_size=3), st.integers(64, 200))
def test_a_view_lies_in_the_frame_and_shows_the_faces_in_a_square(size, places, side):
    width, height = size
    boxes = [
        np.array([left * width, top * height, (left + across) * width, (top + down) * height], np.float32)
        for left, top, across, down in places
    ]
    view = face_view(boxes, size, side)
    frame = np.zeros((height, width, 3), np.uint8)
    part = frame[view.rows, view.columns]
    assert 0 <= view.rows.start < view.rows.stop <= height
    assert 0 <= view.columns.start < view.columns.stop <= width
    assert view.thumbnail(frame).shape == (side, side, 3)
    for left, top, right, bottom in np.clip(boxes, 0, [width, height] * 2) if boxes else []:
        if right > left and bottom > top:
            assert view.columns.start - 1 <= left
            assert right <= view.columns.stop + 1
            assert view.rows.start - 1 <= top
            assert bottom <= view.rows.stop + 1
    assert part.shape[0] == part.shape[1] or part.shape == frame.shape


def test_a_whole_frame_of_the_cells_size_is_shown_pixel_for_pixel():
    frame = np.random.default_rng(1).integers(0, 255, (90, 160, 3), np.uint8)
    assert np.array_equal(frame_view((160, 90), 160).thumbnail(frame), frame)
    assert frame_view((160, 90), 80).thumbnail(frame).shape == (45, 80, 3)


@given(st.text(max_size=80), st.integers(60, 300), st.integers(1, 4))
def test_lines_of_an_image_fit_and_have_only_letters_that_can_be_drawn(text, width, most):
    lines = wrap_lines(text, width, 14, most)
    assert len(lines) <= most
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert all(font(14).getlength(line) <= width for line in lines)
    if len(wrap_lines(text, width, 14, 1000)) <= most:
        assert "".join(lines).replace(" ", "") == "".join(plain_letters(text).split())


def test_letters_that_are_not_there_are_replaced():
    assert plain_letters("Zoë × Łódź · 日本\n") == "Zoe x ?odz - ??\\n"


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (Cost(0.0064, {"fuse": 1}), "0.006 s · fuse"),
        (Cost(0.31, {"swap": 2, "fuse": 1}, models_loaded=1), "0.31 s · swap 2×, fuse, 1 model loaded"),
        (Cost(12.34), "12.3 s · no stage"),
        (Cost(1.0, {"swap": 1}) + Cost(0.5, {"swap": 2, "fuse": 1}), "1.50 s · swap 3×, fuse"),
    ],
)
def test_a_cost_is_said_in_a_few_words(cost, text):
    assert cost_text(cost) == text


def test_a_grid_has_the_first_wedge_across_and_the_second_down():
    request = SwapRequest(Identity((FaceImage(Path("ann.png")),)))
    wedges = (Wedge("swap.shape", "Shape", ("0", "1", "1.5")), Wedge("fusion.blend", "Blend", ("0.5", "1")))
    pairs = [(across, down) for down in wedges[1].values for across in wedges[0].values]
    frames = (ChosenFrame(3, "straight on"), ChosenFrame(9))

    def cell(number, fault=""):
        return Cell(number, "failed", None, fault, Cost())

    sheet = Sheet(
        "clip.mp4", frames, tuple(Variant("ann", request, pair) for pair in pairs), wedges,
        (cell(3), cell(9)), tuple((cell(3, str(pair)), cell(9, str(pair))) for pair in pairs), (Cost(),) * 6, Cost(),
    )  # fmt: skip
    first, second = lay_out(sheet)
    assert (first.title, second.title) == ("frame 3, straight on", "frame 9")
    assert [label for label, _ in second.columns] == ["original", "0", "1", "1.5"]
    for row, down in zip(second.rows, ("0.5", "1"), strict=True):
        assert row.label == down
        assert [cell.cell.fault for cell in row.cells[1:]] == [
            str((across, down)) for across in ("0", "1", "1.5")
        ]
        assert all(cell.cell.number == 9 for cell in row.cells[1:])
    assert [row.cells[0] is None for row in second.rows] == [False, True]
