# SPDX-License-Identifier: GPL-3.0-or-later
"""Who replaces whom in which frames of a clip."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.clip_swap import (
    ClipSwap,
    RequestRange,
    requests_at,
    swap_everywhere,
    swaps_of_frames,
)
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest

LAST = 30


def request(name, blend=1.0):
    recipe = with_settings(Recipe(), [f"fusion.blend={blend}"])
    return SwapRequest(Identity((FaceImage(Path(name)),)), recipe)


def test_a_plain_swap_holds_for_every_frame():
    anna = request("anna.png")
    assert [requests_at([swap_everywhere(anna)], number) for number in (0, 10**6)] == [(anna,), (anna,)]


def test_the_later_swap_comes_last():
    anna, ben = request("anna.png"), request("ben.png")
    swaps = [ClipSwap(RequestRange(anna, 5)), ClipSwap(RequestRange(ben, 0, 5))]
    assert [requests_at(swaps, number) for number in (4, 5, 6)] == [(ben,), (anna, ben), (anna,)]


bounds = st.lists(st.integers(0, LAST), unique=True, max_size=8).map(sorted)


@given(bounds, st.integers(0, LAST), st.integers(0, LAST), st.booleans())
def test_each_frame_has_the_settings_of_its_range(edges, first, last, is_open):
    first, last = sorted((first, last))
    spans = [(edges[place], edges[place + 1]) for place in range(0, len(edges) - 1, 2)]
    asked = [request("anna.png", round(place / 10, 1)) for place in range(len(spans))]
    parts = tuple(RequestRange(each, *span) for each, span in zip(asked, spans, strict=True))
    usual = request("anna.png", 0.9)
    swap = ClipSwap(RequestRange(usual, first, None if is_open else last), parts)
    for number in range(LAST + 2):
        expected = next(
            (each for each, (low, high) in zip(asked, spans, strict=True) if low <= number <= high), usual
        )
        is_in = number >= first and (is_open or number <= last)
        assert swap.request_at(number) == (expected if is_in else None)


@given(st.dictionaries(st.integers(0, LAST), st.lists(st.integers(0, 2), max_size=3)))
def test_swaps_of_frames_ask_for_what_the_frames_do(blends):
    asked = {
        number: tuple(
            replace(request("anna.png", blend / 2), modifier=f"Face Swap {place}")
            for place, blend in enumerate(listed)
        )
        for number, listed in blends.items()
    }
    swaps, before = swaps_of_frames(asked), ()
    for number in range(LAST + 2):
        before = asked.get(number, before) if number <= max(asked, default=-1) else ()
        assert requests_at(swaps, number) == before
    if asked and len({len(entry) for entry in asked.values()}) == 1:
        assert len(swaps) == len(next(iter(asked.values())))
