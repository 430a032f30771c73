# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy render` that is stopped: nothing is lost, and it says so."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from understudy.core.cache.stores.local import PackStore
from understudy.core.cli.main import main

from tests.core.rendered_clip import ANALYSIS, PROGRAM, face_clip, folder, pictures

pytestmark = pytest.mark.slow


__all__ = ["folder"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        (signal.SIGHUP, 129),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.long),
    ],
)
def test_a_stopped_render_loses_nothing(folder, tmp_path, number, code):
    count = 24
    clip = face_clip.write_clip(tmp_path / "long.mp4", count)
    report = tmp_path / "report.json"
    command = ["render", str(clip), "--face", str(folder / "red.png"), "--output", str(tmp_path / "out.mp4"),
               "--report", str(report)]  # fmt: skip
    process = subprocess.Popen(
        [*PROGRAM, *command],
        stderr=subprocess.PIPE,
        text=True,
        # `nohup` hands its disregard of a closed terminal down, and a render keeps to it.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509
    )
    cache = tmp_path / "understudy_cache"
    deadline = time.monotonic() + 300
    # It stands still while its results are counted: a busy machine would let it go on to its end meanwhile.
    while count_results(cache)["swap"] < 3 and time.monotonic() < deadline:
        process.send_signal(signal.SIGCONT)
        time.sleep(0.05)
        process.send_signal(signal.SIGSTOP)
    process.send_signal(number)
    process.send_signal(signal.SIGCONT)
    impatient = time.monotonic() + 1
    while process.poll() is None and time.monotonic() < impatient:
        process.send_signal(number)
        time.sleep(0.002)
    _, said = process.communicate(timeout=300)
    assert process.returncode == code
    assert said.count("\n") == 1
    assert said.startswith("understudy: stopped")
    done = count_results(cache)
    assert 3 <= done["swap"] < count
    assert {path.name for path in tmp_path.iterdir()} == {"long.mp4", "understudy_cache"}

    assert main(command) == 0
    stages = json.loads(report.read_text())["stages"]
    assert (stages["swap"]["hit"], stages["swap"]["run"]) == (done["swap"], count - done["swap"])
    # One of the entries of each analysis stage is the picture's.
    for stage in ANALYSIS:
        assert (stages[stage]["hit"], stages[stage]["run"]) == (done[stage] - 1, count - done[stage] + 1)
    assert pictures(tmp_path / "out.mp4")[0].frame_count == count


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells when the program listens to signals")
@pytest.mark.parametrize(
    ("milliseconds", "number", "code"),
    [
        (0, signal.SIGINT, 130),
        pytest.param(70, signal.SIGINT, 130, marks=pytest.mark.long),
        (140, signal.SIGTERM, 143),
        pytest.param(210, signal.SIGINT, 130, marks=pytest.mark.long),
    ],
)
def test_a_render_stopped_while_libraries_load_says_so(folder, tmp_path, milliseconds, number, code):
    command = ["render", folder / "clip.mp4", "--face", folder / "red.png", "--output", tmp_path / "out.mp4"]
    process = subprocess.Popen([*PROGRAM, *map(str, command)], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 300
    while not handles_signal(process.pid, signal.SIGTERM) and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(milliseconds / 1000)
    process.send_signal(number)
    _, said = process.communicate(timeout=300)
    assert process.returncode == code
    assert said.startswith("understudy: stopped")
    assert said.count("\n") == 1
    assert not [path for path in tmp_path.iterdir() if path.name != "understudy_cache"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between processes")
@pytest.mark.parametrize(("arguments", "keeps"), [([], True), (["--no-cache"], False)])
def test_a_stop_names_the_cache_only_where_results_are_kept(folder, tmp_path, arguments, keeps):
    command = ["render", folder / "clip.mp4", "--face", folder / "red.png", "--output", tmp_path / "out.mp4"]
    program = f"""if True:
        import signal, sys
        from understudy.core.cli.main import main

        class Interruption:
            def find_spec(self, module, path, target=None):
                if module == "understudy.core.cli.render":
                    signal.raise_signal(signal.SIGTERM)

        sys.meta_path.insert(0, Interruption())
        sys.exit(main({[*map(str, command), *arguments]}))
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 143
    assert ("in the cache" in done.stderr) == keeps


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between processes")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_while_modules_load_is_one_line(name):
    program = f"""if True:
        import signal, sys
        from understudy.core.cli.start import start

        class Interruption:
            def find_spec(self, module, path, target=None):
                if module == "understudy.core.cli.main":
                    signal.raise_signal(signal.{name})

        sys.meta_path.insert(0, Interruption())
        sys.argv[1:] = ["--help"]
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        start()
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 128 + signal.Signals[name]
    assert (done.stdout, done.stderr) == ("", "understudy: stopped\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between processes")
def test_who_insists_ends_what_does_not_come_to_an_end():
    program = """if True:
        import time
        from understudy.core.cli.signals import StopSignal
        stop = StopSignal(force_after=0.5)
        with stop.listen():
            print("listening", flush=True)
            while not stop.signal_number:
                time.sleep(0.01)
            print("asked", flush=True)
            time.sleep(60)
    """
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "listening\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "asked\n"
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=300)
    assert process.returncode == -signal.SIGINT


def handles_signal(process, number):
    """Whether a process has a handler of its own for a signal (Linux: proc(5), SigCgt)."""
    status = Path(f"/proc/{process}/status").read_text()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (number - 1) & 1)


def count_results(cache):
    """How many results of each stage are in a cache folder."""
    counts = Counter()
    if (cache / "format").is_file():
        store = PackStore(cache)
        for entry in store.entries():
            counts[dict(line.split("=", 1) for line in entry.text.splitlines())["stage"]] += 1
        store.close()
    return counts
