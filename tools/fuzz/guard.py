# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one input and say what was wrong with it: a crash, a hang, too much memory, a file elsewhere touched."""

import os
import resource
import shutil
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from .sample import Sample

HANG_SECONDS = 5.0
"""How long an input may compute."""
_WAIT_FACTOR = 12
"""How many times as long it may take, waiting included: a busy machine must not look like a hang."""
PATIENT_SECONDS = 20.0
"""How long an input may compute where the machine may be slow: one that never ends still does not."""
MAX_MEMORY_BYTES = 1 << 30
"""How much an input may take beyond what the process had before the first."""
_LOOK_SECONDS = 0.5
_ROOT = Path(__file__).resolve().parents[2]


class WrongError(AssertionError):
    """A reader took an input for something that it is not."""


class HangError(BaseException):
    """An input took too long. No `except Exception` of what is tried may take it."""


@dataclass(frozen=True)
class Finding:
    """What an input did: the kind, and where."""

    kind: str
    place: str

    def __str__(self) -> str:
        return f"{self.kind} at {self.place}" if self.place else self.kind


class Guard:
    """A folder to try inputs in, beside another that none may touch."""

    def __init__(self, base: Path, hang_seconds: float = HANG_SECONDS) -> None:
        """Make both, and another to be the current folder; an input may take `hang_seconds`."""
        self._hang_seconds = hang_seconds
        self.place, self.victim = base / "place", base / "victim"
        self.victim.mkdir(parents=True)
        (base / "current").mkdir()
        os.chdir(base / "current")
        (self.victim / "000000.tif").write_bytes(b"somebody else's picture" * 100)
        (self.victim / "notes.txt").write_text("somebody else's notes")
        self._base = base
        self._before = self._state()
        self._peak = _peak_bytes()

    @contextmanager
    def limit_memory(self) -> Iterator[None]:
        """Bound the address space while the body runs: what asks for more gets a MemoryError."""
        before = resource.getrlimit(resource.RLIMIT_AS)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MAX_MEMORY_BYTES, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)

    def try_reader(self, sample: Sample, read: Callable[[Path], None]) -> Finding | None:
        """Give an input to a reader; return what was wrong, or None."""
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        try:
            sample.put(self.place, self.victim)
        except (OSError, ValueError):
            return None  # a name that this system doesn't have
        finding = self._run(read)
        if finding is None and self._state() != self._before:
            finding = Finding("a file elsewhere was touched", "")
            self._restore()
        if finding is None and _peak_bytes() - self._peak > MAX_MEMORY_BYTES:
            finding = Finding("more than 1 GiB", "")
        self._peak = max(self._peak, _peak_bytes())
        return finding

    def _run(self, read: Callable[[Path], None]) -> Finding | None:
        watch = _Watch(self._hang_seconds)
        previous = signal.signal(signal.SIGALRM, watch.look)
        signal.setitimer(signal.ITIMER_REAL, _LOOK_SECONDS, _LOOK_SECONDS)
        try:
            with self.limit_memory():
                read(self.place)
            watch.end()
        except HangError as fault:
            watch.end()
            return Finding("a hang", _where(fault))
        except MemoryError as fault:
            return Finding("MemoryError", _where(fault))
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is what is looked for
            return Finding(_kind(fault), _where(fault))
        finally:
            watch.end()
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
        return None

    def _state(self) -> list[tuple[object, ...]]:
        state = []
        for folder in (self._base, self.victim, self._base / "current"):
            with os.scandir(folder) as listing:
                for entry in sorted(listing, key=lambda entry: entry.name):
                    if entry.name in ("place", "input.json"):
                        continue
                    status = entry.stat(follow_symlinks=False)
                    changes = (
                        () if folder == self._base else (status.st_size, status.st_mtime_ns, status.st_mode)
                    )
                    state.append((entry.path, *changes))
        return state

    def _restore(self) -> None:
        self._before = self._state()


def _kind(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}" if isinstance(fault, WrongError) else type(fault).__name__


def _where(fault: BaseException) -> str:
    """Return the innermost of our own places in a fault's traceback."""
    frames = list(traceback.extract_tb(fault.__traceback__))
    ours = [frame for frame in frames if _ROOT in Path(frame.filename).resolve().parents]
    frames = [frame for frame in ours if "/tools/fuzz/" not in frame.filename] or ours or frames
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].name}"


class _Watch:
    """Interrupts an input that takes too long, as long as it is looked at."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._computed, self._began = time.process_time(), time.monotonic()
        self._over = False

    def look(self, _number: int, _frame: FrameType | None) -> None:
        """Raise HangError if it is time to."""
        computed, took = time.process_time() - self._computed, time.monotonic() - self._began
        if not self._over and (computed > self._seconds or took > _WAIT_FACTOR * self._seconds):
            raise HangError

    def end(self) -> None:
        """Interrupt no more."""
        self._over = True


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
