# SPDX-License-Identifier: GPL-3.0-or-later
"""The soft edge of masks: its ends, its middle, and its last bit, which stored results are compared by."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.geometry.smoothstep import smoothstep


def test_it_rises_from_0_to_1_between_its_ends_and_stays_there_beyond() -> None:
    values = np.array([[-7.0, 0.0, 0.25], [0.5, 1.0, 9.0]], np.float32)
    result = smoothstep(values)
    assert result.dtype == np.float32
    assert result.tolist() == [[0.0, 0.0, 0.15625], [0.5, 1.0, 1.0]]
    assert values[0, 0] == -7
    assert (np.diff(smoothstep(np.linspace(-1, 2, 999, dtype=np.float32))) >= 0).all()


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40))
def test_each_product_is_rounded_to_float32_from_left_to_right(values: list[float]) -> None:
    expected = []
    for value in map(np.float32, values):
        square = np.float32(float(value) * float(value))
        slope = np.float32(3 - float(np.float32(2 * float(value))))
        expected.append(np.float32(float(square) * float(slope)))
    assert smoothstep(np.array(values, np.float32)).tobytes() == np.array(expected, np.float32).tobytes()
