# SPDX-License-Identifier: GPL-3.0-or-later
"""Block-sparse constants of a tflite file made dense."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.errors import ModelError
from understudy.tools.embedded_models.densify import Level, Sparsity, densify


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_densify_gives_back_what_was_made_block_sparse(seed):
    """A matrix in blocks of 1 x 4: dense rows, compressed columns of blocks, dense places in a block."""
    random = np.random.default_rng(seed)
    rows, columns = random.integers(1, 6), random.integers(1, 5)
    kept = random.random((rows, columns)) < 0.5
    blocks = random.normal(size=(rows, columns, 4)).astype(np.float16) * kept[..., None].astype(np.float16)
    segments = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    sparsity = Sparsity(
        traversal_order=(0, 1, 2),
        block_map=(1,),
        levels=(Level(int(rows)), Level(0, segments, np.nonzero(kept)[1]), Level(4)),
    )
    dense = densify(blocks[kept].ravel(), (int(rows), int(columns) * 4), sparsity)
    np.testing.assert_array_equal(dense, blocks.reshape(rows, columns * 4))
    assert dense.dtype == np.float16


def test_densify_in_another_order_of_dimensions():
    # Columns first, no blocks: column 0 holds row 1, column 2 holds rows 0 and 1.
    sparsity = Sparsity((1, 0), (), (Level(3), Level(0, np.asarray([0, 1, 1, 3]), np.asarray([1, 0, 1]))))
    dense = densify(np.asarray([5.0, 6.0, 7.0], np.float32), (2, 3), sparsity)
    np.testing.assert_array_equal(dense, [[0, 0, 6], [5, 0, 7]])


def test_densify_refuses_values_that_do_not_match_the_places():
    sparsity = Sparsity((0,), (), (Level(3),))
    with pytest.raises(ModelError, match="3 places for 2 values"):
        densify(np.zeros(2, np.float32), (3,), sparsity)
