# SPDX-License-Identifier: GPL-3.0-or-later
"""A hundred machines on one place: each result is computed once, but where a lease is lost."""

import pytest

from tools.bench_farm.lease_contention import Contention, contend

LOST = (3, 50)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("processes", "keys"), [(12, 12), pytest.param(100, 60, marks=pytest.mark.long)], ids=["12", "100"]
)
@pytest.mark.parametrize("place", ["folder", "redis"])
def test_sleeping_processes_contend_for_leases(tmp_path, request, capsys, place, processes, keys):
    url = request.getfixturevalue("redis_server").url if place == "redis" else ""
    lost = [number for number in LOST if number < keys]
    figures = contend(Contention(tmp_path, processes, keys, lost_keys=lost, redis_url=url))
    with capsys.disabled():
        print(f"\n{processes} processes, {place}: {figures.polls_per_second:.0f} polls a second, "
              f"{figures.computed_again} computed again, {figures.seconds:.1f} s")  # fmt: skip
    assert sorted(figures.computed) == list(range(keys))
    assert figures.wrong_values == 0
    once = {number: count for number, count in figures.computed.items() if number not in lost}
    assert set(once.values()) == {1}
    # Two may take over one dead holder's lease at the same moment.
    assert figures.computed_again <= len(lost)
