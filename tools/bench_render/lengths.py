# SPDX-License-Identifier: GPL-3.0-or-later
"""How cost and memory grow with a clip's length.

A long render takes minutes, in which a machine changes its speed by more than what is looked for; and one picture
costs more than another. So now and then the longer clips wait, and frames of them are compared with those of the
shortest that show the same, made anew at that moment. From nothing each clip is made in a process of its own, for its
memory. All tweaks are made in one: of two processes that do the same one was seen to take 15 % longer to its end.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

from understudy.core.errors import UnderstudyError

from ..demo.project import setting_words
from .percentiles import spread

_ROOT = Path(__file__).resolve().parents[2]
_KINDS = ("wall", "processor")
_Pair = tuple[dict[str, float], dict[str, float]]
"""What frames of a clip cost, and at the same time those of the shortest clip."""


def measure_lengths(
    clip: Callable[[int], Path],
    counts: Sequence[int],
    face: Path,
    folder: Path,
    every: int,
    tweaks: int,
    settings: Sequence[str] = (),
) -> dict[str, Any]:
    """Measure clips of `counts` frames, ascending; every so many frames as many as the shortest has are compared.

    They must show the same as those do. `tweaks`: how often all are tweaked; over sooner, that is compared oftener.
    `settings`: `name=value` texts that change a new modifier.
    Returns by number of frames: `cold` and `tweak`, milliseconds a frame, and `growth`, their ratios to the shortest
    clip's next to them, as spreads of `wall` and `processor`; and `peak_mib` from nothing. Raises UnderstudyError.
    """
    clips = [clip(count) for count in counts]
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with ExitStack() as stack:
            alone = [stack.enter_context(_Process([path], face, folder, settings)) for path in clips]
            cold = _interleave(
                {count: (process, 0) for count, process in zip(counts, alone, strict=True)}, "cold", every
            )
        with _Process(clips, face, folder, settings) as together:
            places = {count: (together, number) for number, count in enumerate(counts)}
            tweaked = [_interleave(places, "tweak", every) for _ in range(tweaks)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    peaks = {count: cold[count][-1][0]["peak_mib"] for count in counts}
    # The shortest clip was made many times in its process: what counts is the memory once the first was done.
    peaks[counts[0]] = cold[counts[0]][0][0]["peak_mib"]
    times = {
        count: {"cold": cold[count], "tweak": [pair for turn in tweaked for pair in turn[count]]}
        for count in counts
    }
    return {
        str(count): {kind: _spreads([own for own, _ in pairs], 2) for kind, pairs in times[count].items()}
        | {
            "growth": {kind: _spreads(_ratios(pairs), 3) for kind, pairs in times[count].items()},
            "peak_mib": peaks[count],
        }
        for count in counts
    }


def _interleave(
    places: "Mapping[int, tuple[_Process, int]]", kind: str, every: int
) -> dict[int, list[_Pair]]:
    """Make each clip's frames once, and the shortest clip's beside them; return what is compared, by length.

    `places`: by length the process that makes the clip, and the clip's number there.
    """

    def ask(count: int, first: int, frames: int) -> dict[str, float]:
        process, number = places[count]
        return process.ask(kind, number, first, frames)

    shortest, longest = min(places), max(places)
    pairs: dict[int, list[_Pair]] = {count: [] for count in places}
    for turn, start in enumerate(range(0, longest - shortest + 1, every)):
        here = [count for count in places if start + shortest <= count or count == shortest]
        facts = {
            count: ask(count, 0 if count == shortest else start, shortest)
            for count in (reversed(here) if turn % 2 else here)
        }
        for count in here:
            pairs[count].append((facts[count], facts[shortest]))
            rest = min(every, count - start) - shortest
            if rest > 0 and count > shortest:
                ask(count, start + shortest, rest)
    return pairs


def _ratios(pairs: Sequence[_Pair]) -> list[dict[str, float]]:
    return [{by: own[by] / other[by] for by in _KINDS} for own, other in pairs]


def _spreads(entries: Sequence[Mapping[str, float]], digits: int) -> dict[str, dict[str, float]]:
    return {by: spread([entry[by] for entry in entries], digits) for by in _KINDS}


class _Process:
    """A process that makes layers of clips as it is asked to; see `growth`. What it made stays in `folder`."""

    def __init__(self, clips: Sequence[Path], face: Path, folder: Path, settings: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._errors = folder / f"{clips[-1].stem}.errors.txt"
        self._words = ["--clip", *map(str, clips), "--face", str(face), "--folder", str(folder)]
        self._words += setting_words(settings)

    def __enter__(self) -> "_Process":
        command = [sys.executable, "-m", "tools.bench_render.growth", *self._words]
        with self._errors.open("w", encoding="utf-8") as errors:
            self._running = subprocess.Popen(
                command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        return self

    def __exit__(self, *_: object) -> None:
        with self._running, suppress(BrokenPipeError):
            _ends(self._running.stdin).close()

    def ask(self, kind: str, clip: int, first: int, count: int) -> dict[str, float]:
        """Have frames made; return what they cost. UnderstudyError with the process's last words if it ended."""
        with suppress(BrokenPipeError):
            print(kind, clip, first, count, file=_ends(self._running.stdin), flush=True)
        answer = _ends(self._running.stdout).readline()
        if not answer:
            self._running.wait()
            said = self._errors.read_text(encoding="utf-8").strip().splitlines()
            raise UnderstudyError(f"tools.bench_render.growth failed: {(said or ['no reason given'])[-1]}")
        return dict(json.loads(answer))


def _ends(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
