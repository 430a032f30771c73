# SPDX-License-Identifier: GPL-3.0-or-later
"""A turnover that is stopped, or whose Blender is gone: its files are whole, and its process ends."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from exr_layers import read_exr_channels
from understudy.core.cache.settings import CacheSettings
from understudy.core.layers.job import source_values
from understudy.core.media.source import ClipSource
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.clip_swap import swaps_of_frames
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.settings import RunSettings, settings_values
from understudy.core.turnover.request import TurnoverRequest, turnover_request_values
from understudy.core.worker.termination import EXIT_TERMINATED

from tests.core import face_clip

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between processes")

COUNT = 40
_WRITE = """
import sys, time
from pathlib import Path
from understudy.core.filesystem import Folder
from understudy.core.worker.termination import clean_termination
with clean_termination(), Folder(Path(sys.argv[1])) as folder, folder.replace_file("frame.exr") as file:
    file.write(bytes(1000))
    print("writes", flush=True)
    time.sleep(120)
"""
_WORK = """
import sys
from understudy.core.worker import __main__ as worker
worker.GRACE_SECONDS = 600  # a busy machine may need more than a second for the frame in hand
sys.exit(worker.main())
"""


def test_a_signal_in_the_middle_of_a_file_leaves_nothing_of_it(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITE, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writes\n"
    assert len(list(tmp_path.iterdir())) == 1
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == EXIT_TERMINATED
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def turnover(tmp_path_factory: pytest.TempPathFactory) -> TurnoverRequest:
    """A turnover beside its cache."""
    folder = tmp_path_factory.mktemp("turnover")
    clip = face_clip.write_clip(folder / "clip.mp4", COUNT)
    person = face_clip.write_picture(folder / "person.png", face_clip.make_up_portrait((230, 20, 20)))
    request = SwapRequest(Identity((FaceImage(person),)), with_settings(Recipe(), ["swap.shape=0"]))
    swaps = swaps_of_frames(dict.fromkeys(range(COUNT), (request,)))
    return TurnoverRequest(ClipSource(True, (clip,)), swaps, folder, 0, COUNT - 1)


@pytest.mark.parametrize("ending", ["stop", "gone"])
def test_a_turnover_that_ends_early_has_whole_files_and_no_process(
    tmp_path: Path, turnover: TurnoverRequest, ending: str
) -> None:
    values = turnover_request_values(replace(turnover, folder=tmp_path / "turnover"))
    lines = [
        {"begin": settings_values(RunSettings(CacheSettings(turnover.folder / "cache")))},
        {"clip": {"id": 0, **source_values(turnover.source)}},
        {"turnover": {"strip": "clip", "clip": 0, "turnover": values}},
    ]
    process = subprocess.Popen([sys.executable, "-c", _WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(json.dumps(line) + "\n" for line in lines).encode())
        process.stdin.flush()
        for line in process.stdout:  # until there are some
            (kind, value), *_ = json.loads(line).items()
            assert kind in ("ready", "frames", "warning"), value
            if kind == "frames" and value[0] >= 3:
                break
        if ending == "stop":
            process.terminate()
        else:
            process.stdin.close()
        assert process.wait(60) == EXIT_TERMINATED
    finally:
        process.kill()
    names = sorted(path.name for path in (tmp_path / "turnover").iterdir())
    assert 3 <= len(names) < COUNT
    assert names == [f"frame_{number:05d}.exr" for number in range(len(names))]
    assert all(read_exr_channels(tmp_path / "turnover" / name)["A"].any() for name in names)
