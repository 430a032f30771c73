# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy batch` that is stopped or killed: it goes on where it was, and no movie is half there."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from understudy.core.cli.main import main

from tests.core.batch_folder import FRAME_COUNTS, OUTPUT, folder, frames, states
from tests.core.rendered_clip import ANALYSIS, PROGRAM

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between processes"),
]

__all__ = ["folder"]

_STAGES = (*ANALYSIS, "move", "swap")
_COMPUTED = re.compile(r"computed (\w+) (\w+)")
KILLS = 10


class Batch:
    """A batch of two clips and two faces in processes of its own, which log each result that they compute."""

    def __init__(self, folder, place):
        faces = [
            text for name in ("red", "blue") for text in ("--faces", str(folder / "cast" / f"{name}.png"))
        ]
        self.place = place
        self.command = ["batch", "--clips", str(folder / "shots" / "*"), *faces, "--output", str(place / OUTPUT),
                        "--codec", "ffv1", "--report", str(place / "report.json"), "--quiet"]  # fmt: skip
        self.computed = Counter()

    def start(self):
        self.log = self.place / "log.txt"
        with self.log.open("w") as log:
            return subprocess.Popen(
                [*PROGRAM, *self.command], stderr=log, env={**os.environ, "UNDERSTUDY_LOG": "debug"}
            )

    def new_results(self):
        """The results that the process which is running, or ran last, has computed so far."""
        return Counter(match for match in _COMPUTED.findall(self.log.read_text()) if match[0] in _STAGES)

    def wait_for_results(self, process, count):
        deadline = time.monotonic() + 120
        while self.new_results().total() < count and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)

    def end(self):
        """Add what the process has computed and kept; return how much of that was computed before.

        What it was computing when it was killed is not among it: the frame at hand.
        """
        new = self.new_results()
        again = sum(name in self.computed for name in new)
        self.computed += new
        return again

    def movies(self):
        """The movies that are there, and what tells them from others of their names."""
        paths = (path for path in self.place.glob("*.mkv") if not path.name.startswith("."))
        return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def test_a_batch_that_is_killed_goes_on_where_it_was(folder, tmp_path):
    batch = Batch(folder, tmp_path)
    finished = {}
    for kill in range(KILLS):
        process = batch.start()
        batch.wait_for_results(process, 2 + kill % 4)
        process.kill()
        assert process.wait(60) == -signal.SIGKILL
        assert batch.end() == 0
        now = batch.movies()
        for name in now:
            assert len(frames(tmp_path / name)) == FRAME_COUNTS[name.split("_")[0]]
        assert {name: now[name] for name in finished} == finished
        finished = now
    process = batch.start()
    assert process.wait(300) == 0
    assert batch.end() == 0
    report = json.loads((tmp_path / "report.json").read_text())
    expected = ["current" if f"{clip}_{face}.mkv" in finished else "done"
                for clip in FRAME_COUNTS for face in ("red", "blue")]  # fmt: skip
    assert states(report) == expected
    assert {name: batch.movies()[name] for name in finished} == finished
    # Nothing is left of the movies that were being written, nor of anything else.
    names = {f"{clip}_{face}.mkv" for clip in FRAME_COUNTS for face in ("red", "blue")}
    names |= {f"{name}.understudy.json" for name in names}
    assert {path.name for path in tmp_path.iterdir()} == names | {
        "understudy_cache",
        "report.json",
        "log.txt",
    }


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.long)]
)
def test_a_batch_that_is_stopped_says_so_and_loses_nothing(folder, tmp_path, number, code):
    batch = Batch(folder, tmp_path)
    process = batch.start()
    batch.wait_for_results(process, sum(FRAME_COUNTS.values()))
    process.send_signal(number)
    assert process.wait(120) == code
    said = [line for line in batch.log.read_text().splitlines() if line.startswith("understudy: ")]
    assert said == [
        "understudy: stopped; finished results are in the cache: run the same command again to continue"
    ]
    assert batch.end() == 0
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    before = states(json.loads((tmp_path / "report.json").read_text()))
    assert "pending" in before
    process = batch.start()
    assert process.wait(300) == 0
    assert batch.end() == 0
    after = states(json.loads((tmp_path / "report.json").read_text()))
    assert after == [{"done": "current", "pending": "done"}[state] for state in before]
    assert main(batch.command) == 0
