# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels are added as NumPy's own sum adds them: masks are compared to the last bit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from understudy.core.geometry.channels import add_channels


@given(arrays(np.float32, (5, 4, 3), elements=st.floats(-1e6, 1e6, width=32)))
def test_the_sum_of_channels_is_numpys_to_the_last_bit(image: np.ndarray) -> None:
    assert np.array_equal(add_channels(image), image.sum(-1))
