# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of all runs of a cache folder: added by many at once, shortened meanwhile, and none lost."""

import pytest
from threads import run_in_threads
from understudy.core.cache.base.counts import StoreCounts
from understudy.core.cache.stores.usage_log import USAGE_LOG_NAME, read_usage, record_usage

THREADS = 8
RUN = StoreCounts(hits=2, misses=3, puts=1)


@pytest.mark.slow
def test_runs_that_end_at_once_are_all_counted_while_the_file_is_shortened(tmp_path):
    path = tmp_path / USAGE_LOG_NAME
    for _ in range(20):
        path.write_bytes(b"1 1 1 1 1000000000\n" * 4000)  # more than is let stand
        run_in_threads(lambda: record_usage(tmp_path, StoreCounts(), RUN), THREADS)
        total = read_usage(tmp_path)
        assert (total.runs, total.hits, total.misses, total.puts) == (4000 + THREADS, 4016, 4024, 4008)
        assert total.since == 1000000000
        assert path.stat().st_size < 1000
    assert not list(tmp_path.glob("*.tmp"))


def test_a_run_that_asked_for_nothing_is_no_run(tmp_path):
    record_usage(tmp_path, StoreCounts(), StoreCounts())
    assert read_usage(tmp_path) is None
    record_usage(tmp_path, StoreCounts(hits=5), RUN)
    record_usage(tmp_path, StoreCounts(), RUN)
    total = read_usage(tmp_path)
    assert (total.runs, total.hits, total.misses, total.puts) == (2, 9, 6, 2)


def test_what_is_no_line_of_figures_is_passed_over(tmp_path):
    (tmp_path / USAGE_LOG_NAME).write_bytes(
        b"\xff\xfe\n1 2\n1 2 3 4 5\nx 2 3 4 5\n" + b"9" * 30 + b" 1 1 1 1\n"
    )
    total = read_usage(tmp_path)
    assert (total.runs, total.hits, total.misses, total.puts, total.since) == (1, 2, 3, 4, 5)


def test_where_nothing_can_be_noted_nothing_is_raised(tmp_path):
    record_usage(tmp_path / "not there", StoreCounts(), RUN)
    assert read_usage(tmp_path / "not there") is None
