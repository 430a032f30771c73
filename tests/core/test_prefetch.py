# SPDX-License-Identifier: GPL-3.0-or-later
"""Working ahead gives what working in turn gives: in any order of asking, with any expectation, and bounded."""

import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.concurrency.prefetch import Prefetcher
from understudy.core.errors import ClipError
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.media.clip import frame_id
from understudy.core.media.open import open_clip
from understudy.core.media.prefetching_clip import PrefetchingClip

MAX_AHEAD = 3
NUMBERS = st.integers(0, 9)


@given(st.lists(st.tuples(NUMBERS, st.lists(NUMBERS, max_size=5)), max_size=20))
def test_every_answer_is_that_of_the_task_asked_for(asked: list[tuple[int, list[int]]]) -> None:
    threads = set()

    def work(task: int) -> int:
        threads.add(threading.get_ident())
        return task * task

    ahead = Prefetcher(work, MAX_AHEAD, "test")
    assert [ahead.result(task, coming) for task, coming in asked] == [task * task for task, _ in asked]
    ahead.close()
    assert len(threads) <= 1
    assert threading.get_ident() not in threads


def test_no_more_is_done_ahead_than_may_wait() -> None:
    done: list[int] = []
    ahead = Prefetcher(done.append, MAX_AHEAD, "test")
    looked_at: list[int] = []

    def coming(start: int) -> Iterator[int]:
        for number in count(start):
            looked_at.append(number)
            yield number

    for number in range(5):
        ahead.result(number, coming(number + 1))
        assert max(looked_at) <= number + MAX_AHEAD
    ahead.close()
    # Everything once, in order; what nobody asked for may or may not have been begun.
    assert done == list(range(len(done)))
    assert 5 <= len(done) <= 5 + MAX_AHEAD


def test_what_was_expected_wrongly_is_dropped_and_a_fault_reaches_who_asks() -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[int] = []

    def work(task: int) -> int:
        if task == 1:
            begun.set()
            assert go_on.wait(60)
        if task == 7:
            raise ValueError(str(task))
        done.append(task)
        return task

    def next_tasks() -> Iterator[int]:
        """Looked at once what was expected wrongly was dropped."""
        go_on.set()
        yield 7

    ahead = Prefetcher(work, MAX_AHEAD, "test")
    ahead.result(0, [1, 2, 3])
    assert begun.wait(60)
    assert ahead.result(5, next_tasks()) == 5
    with pytest.raises(ValueError, match="7"):
        ahead.result(7)
    ahead.close()
    assert done == [0, 1, 5]


def test_settling_waits_for_what_is_being_done() -> None:
    begun, done = threading.Event(), []
    here = []

    def work(task: int) -> None:
        here.append(ahead.on_worker_thread)
        if task == 1:
            begun.set()
            while ahead._pending:  # until the others were dropped
                time.sleep(0.001)
            time.sleep(0.05)
        done.append(task)

    ahead = Prefetcher(work, MAX_AHEAD, "test")
    ahead.drain()
    ahead.result(0, [1, 2, 3])
    assert begun.wait(60)
    ahead.drain()
    assert done == [0, 1]
    assert here == [True, True]
    assert not ahead.on_worker_thread
    ahead.result(4)
    ahead.close()
    assert done == [0, 1, 4]


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ahead") / "clip.mp4"
    random = np.random.default_rng(3)
    with VideoWriter(path, 64, 48, Fraction(25)) as writer:
        for _ in range(24):
            writer.write(random.integers(0, 255, (48, 64, 3), dtype=np.uint8))
    return path


def test_a_clip_that_decodes_ahead_shows_the_same_frames_in_any_order(movie: Path) -> None:
    orders = (list(range(24)), [5, 6, 7, 3, 4, 20, 21, 0, 23, 22, 23, 1], list(range(0, 24, 5)))
    for order in orders:
        with open_clip(movie) as plain, PrefetchingClip(open_clip(movie)) as ahead:
            assert (ahead.info, ahead.clip_id, ahead.stamp) == (plain.info, plain.clip_id, plain.stamp)
            for number in order:
                pixels = plain.read(number)
                assert np.array_equal(ahead.read(number), pixels), number
                assert ahead.fingerprint(number) == frame_id(pixels)
                assert not ahead.read(number).flags.writeable


def test_it_refuses_what_a_clip_refuses(movie: Path) -> None:
    ahead = PrefetchingClip(open_clip(movie))
    ahead.read(22)
    for number in (-1, 24):
        with pytest.raises(ClipError, match="has no frame"):
            ahead.read(number)
    ahead.close()
    with pytest.raises(ClipError, match="was closed"):
        ahead.read(0)
