# SPDX-License-Identifier: GPL-3.0-or-later
"""Lack of memory is one error, whichever library meets it; and what needs no thread goes on without one."""

import os
import subprocess
import sys
import threading

import av
import cv2
import numpy as np
import pytest
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.removal.scheduler import EvictionScheduler
from understudy.core.cache.shared.write_behind import WriteBehind
from understudy.core.concurrency.prefetch import Prefetcher
from understudy.core.concurrency.timeouts import TimedThread
from understudy.core.errors import ClipError
from understudy.core.media.movie_stream import MovieFile
from understudy.core.models.openings import OpeningsAhead, check_beside
from understudy.core.system.memory_errors import raise_memory_errors


def test_opencv_without_memory_raises_what_numpy_does():
    with pytest.raises(MemoryError), raise_memory_errors():
        cv2.resize(np.zeros((1, 1), np.uint8), (1 << 30, 1 << 20))  # a petabyte


def test_other_faults_of_opencv_stay_its_own():
    with pytest.raises(cv2.error), raise_memory_errors():
        cv2.resize(np.zeros((0, 0), np.uint8), (1, 1))


@pytest.mark.parametrize("kind", [ImportError, OSError, RuntimeError])
def test_a_library_that_finds_no_room_is_lack_of_memory(kind):
    with pytest.raises(MemoryError), raise_memory_errors():
        raise kind("libx.so: failed to map segment from shared object")
    with pytest.raises(kind), raise_memory_errors():
        raise kind("libx.so: no such file")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of address space")
@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("import nowhere", "the Python module nowhere can't be loaded: install Understudy again"),
        ("raise ImportError('x.so: failed to map segment from shared object')", "there is not enough memory"),
    ],
)
def test_a_library_that_is_not_there_is_no_lack_of_memory_within_a_limit(tmp_path, source, line):
    (tmp_path / "av.py").write_text(source)
    (tmp_path / "clip.mp4").write_bytes(b"x" * 100)
    arguments = ["render", "clip.mp4", "--face", "clip.mp4", "--output", "out.mp4"]
    run = subprocess.run(
        [
            "sh",
            "-c",
            'ulimit -v 8000000; exec "$@"',
            "sh",
            sys.executable,
            "-m",
            "understudy.core.cli",
            *arguments,
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr.startswith(f"understudy: {line}")) == (1, True), run.stderr


def test_ffmpeg_without_threads_is_lack_of_memory():
    with pytest.raises(MemoryError), raise_memory_errors():
        raise av.error.BlockingIOError(11, "Resource temporarily unavailable")
    with pytest.raises(BlockingIOError), raise_memory_errors():
        raise BlockingIOError(11, "Resource temporarily unavailable")


@pytest.mark.parametrize("fault", [av.error.MemoryError, av.error.BlockingIOError])
def test_a_decoder_without_memory_is_told_from_a_damaged_movie(tmp_path, monkeypatch, fault):
    def open_none(_path):
        raise fault(1, "x")

    monkeypatch.setattr("understudy.core.media.movie_stream.open_media", open_none)
    with pytest.raises(ClipError, match=r"not enough memory to decode .*clip\.mp4"):
        MovieFile(tmp_path / "clip.mp4")


@pytest.fixture
def no_thread(monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", _refuse)


@pytest.mark.usefixtures("no_thread")
def test_work_ahead_without_a_thread_is_lack_of_memory():
    ahead = Prefetcher(str, 2, "test")
    with pytest.raises(MemoryError), raise_memory_errors():
        ahead.result(1)
    ahead.close()


@pytest.mark.usefixtures("no_thread")
def test_a_cache_goes_on_without_its_threads():
    evictions = []
    scheduler = EvictionScheduler(lambda: evictions.append(1), 1)
    scheduler.record_write(10)
    scheduler.stop()
    assert not evictions

    written, done = [], []
    behind = WriteBehind(written.extend, 1 << 20)
    behind.put(stage_key("s", 1, {"n": 1}), {"a": np.zeros(3)})
    behind.run_after(lambda: done.append(1))
    assert behind.flush(0)
    behind.close(1)
    assert (written, done, behind.dropped_count) == ([], [1], 1)

    timed = TimedThread("test")
    for _ in range(2):
        with pytest.raises(TimeoutError):
            timed.call(int, 1)
        assert not timed.try_submit(int)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of address space")
def test_a_command_ends_however_little_memory_it_may_map():
    command = [sys.executable, "-m", "understudy.core.cli", "doctor"]
    run = subprocess.run(
        ["sh", "-c", 'ulimit -v 100000; exec "$@"', "sh", *command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert "Traceback" not in run.stderr


def test_a_cache_takes_a_thread_up_when_there_is_one_again():
    written = []
    behind = WriteBehind(written.extend, 1 << 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", _refuse)
        behind.put(stage_key("s", 1, {"n": 1}), {"a": np.zeros(3)})
    behind.put(stage_key("s", 1, {"n": 2}), {"a": np.zeros(3)})
    behind.close(10)
    assert (len(written), behind.dropped_count) == (1, 1)


@pytest.mark.usefixtures("no_thread")
def test_models_open_without_a_thread():
    openings, checks = OpeningsAhead(), []
    openings.begin("a", int)
    assert openings.take("a") is None
    assert not openings.close()
    with check_beside(lambda: checks.append(1), 1 << 30):
        assert checks == [1]


def _refuse(_thread):
    raise RuntimeError("can't start new thread")
