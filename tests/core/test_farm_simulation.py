# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated farm: nothing is lost or done twice, and no bound of work or bandwidth is beaten."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.bench_farm.processes import split
from tools.bench_farm.simulation import Costs, Farm, simulate

SECONDS = st.floats(0.001, 3.0)
COSTS = st.builds(
    Costs,
    SECONDS,
    SECONDS,
    SECONDS,
    SECONDS,
    st.integers(0, 5),
    st.integers(0, 20),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.integers(0, 1000),
)
FARMS = st.builds(
    Farm, st.integers(1, 9), st.integers(1, 60), st.integers(1, 70), st.sampled_from([50.0, 1e4, math.inf])
)
TYPICAL = Costs(1.7, 0.008, 0.03, 0.09, 3, 18, 30_000, 20_000, 3_000_000)


@settings(deadline=None)
@given(COSTS, FARMS)
def test_work_is_conserved_and_no_bound_is_beaten(costs: Costs, farm: Farm) -> None:
    done = simulate(costs, farm)
    assert done.frames_rendered == done.analyses == farm.frame_count
    assert done.starts == math.ceil(farm.frame_count / farm.chunk_frames)
    frames = farm.frame_count + costs.form_frames
    assert frames <= done.frames_decoded <= frames + 2 * costs.reach_frames * (done.starts - 1)
    spent = done.starts * costs.start_seconds + done.frames_decoded * costs.decode_seconds
    spent += farm.frame_count * (costs.analysis_seconds + costs.render_seconds)
    assert done.cpu_seconds == pytest.approx(spent)
    assert done.share_busy_seconds == pytest.approx(done.share_bytes / farm.bandwidth)
    written = farm.frame_count * (costs.write_bytes + costs.analysis_bytes)
    assert done.share_bytes >= written + done.frames_decoded * costs.read_bytes
    shortest = max(done.cpu_seconds / farm.worker_count, done.share_busy_seconds, costs.start_seconds)
    assert shortest <= done.seconds * (1 + 1e-9)
    longest = done.cpu_seconds + done.share_busy_seconds
    assert done.seconds <= longest * (1 + 1e-9)


@settings(deadline=None)
@given(COSTS, FARMS)
def test_one_worker_waits_for_nobody_and_is_never_slower_with_more_bandwidth(
    costs: Costs, farm: Farm
) -> None:
    outcomes = [
        simulate(costs, Farm(1, farm.frame_count, farm.chunk_frames, bandwidth))
        for bandwidth in (10.0, 1e3, 1e6, math.inf)
    ]
    seconds = [outcome.seconds for outcome in outcomes]
    assert seconds == sorted(seconds, reverse=True)
    assert [outcome.wait_seconds for outcome in outcomes] == [0.0] * 4
    assert seconds[-1] == pytest.approx(outcomes[-1].cpu_seconds)


@pytest.mark.parametrize("workers", [4, 30, 100])
def test_a_typical_farm_gains_from_bandwidth_until_it_has_enough(workers: int) -> None:
    seconds = [
        simulate(TYPICAL, Farm(workers, 2000, 50, bandwidth)).seconds for bandwidth in (2e7, 1e8, 1e9, 1e12)
    ]
    assert all(more <= less * 1.001 for less, more in pairwise(seconds))
    # The slow share is all that counts for a large farm.
    assert seconds[0] == pytest.approx(2000 * 3_000_000 / 2e7, rel=0.1) or workers == 4


def test_a_frame_that_two_need_is_analysed_by_one_and_the_other_waits() -> None:
    done = simulate(Costs(0.0, 0.0, 1.0, 0.0, 1), Farm(2, 2, 1))
    # Each needs both frames, one after the other: the first computes both, the second waits for each.
    assert (done.analyses, done.seconds, done.wait_seconds) == (2, 2.0, 2.0)


def test_a_farm_without_anything_is_none() -> None:
    for farm in (Farm(0, 1, 1), Farm(1, 0, 1), Farm(1, 1, 0), Farm(1, 1, 1, 0.0)):
        with pytest.raises(ValueError, match="a farm has"):
            simulate(TYPICAL, farm)


@given(st.integers(1, 500), st.integers(1, 20))
def test_chunks_of_a_run_cover_each_frame_once(frames: int, parts: int) -> None:
    chunks = split(frames, parts)
    assert [frame for first, last in chunks for frame in range(first, last + 1)] == list(range(1, frames + 1))
