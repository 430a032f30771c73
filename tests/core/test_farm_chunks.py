# SPDX-License-Identifier: GPL-3.0-or-later
"""The chunks of a job cover each of its frames exactly once, whatever range, step and size."""

from hypothesis import given
from hypothesis import strategies as st
from understudy.core.farm.chunks import automatic_chunk_size, make_chunks


@given(
    first=st.integers(-5000, 5000),
    count=st.integers(1, 2000),
    step=st.integers(1, 50),
    size=st.integers(1, 500),
)
def test_every_frame_is_in_one_chunk_and_no_chunk_is_longer_than_asked_for(first, count, step, size):
    chunks = make_chunks(first, first + count - 1, step, size)
    # As Blender counts: the step begins at the first frame of each task.
    frames = [frame for chunk in chunks for frame in range(chunk.first_frame, chunk.last_frame + 1, step)]
    assert frames == list(range(first, first + count, step))
    assert all(len(range(chunk.first_frame, chunk.last_frame + 1, step)) <= size for chunk in chunks)
    assert all(len(range(chunk.first_frame, chunk.last_frame + 1, step)) == size for chunk in chunks[:-1])


@given(frames=st.integers(1, 10**7), workers=st.integers(1, 2000))
def test_an_automatic_chunk_keeps_to_its_bounds_and_gives_each_worker_two(frames, workers):
    size = automatic_chunk_size(frames, workers)
    assert 50 <= size <= 250
    if 50 < size < 250:
        assert 2 * workers <= len(make_chunks(1, frames, 1, size)) <= 2 * workers + 2 * workers // 50 + 2
