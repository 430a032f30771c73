# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which frames are prepared."""

from hypothesis import given
from hypothesis import strategies as st
from understudy.core.layers.frame_order import progressive_order

FRAMES = st.integers(-50, 50)


@given(first=FRAMES, count=st.integers(0, 200), visible=FRAMES)
def test_each_frame_is_made_once_the_visible_one_first_and_soon_some_everywhere(
    first: int, count: int, visible: int
) -> None:
    frames = range(first, first + count)
    order = progressive_order(first, first + count - 1, visible)
    assert sorted(order) == list(frames)
    if visible in frames:
        assert order[0] == visible
    begun = {*frames[::16], *order[:1]}
    assert set(order[: len(begun)]) == begun


def test_a_pass_goes_forwards() -> None:
    assert progressive_order(1, 20, 4) == [4, 1, 17, 2, 3, *range(5, 17), 18, 19, 20]
