# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task prints: Blender's lines as they are, and how far it is in the words of the engine that reads them."""

import re
from collections.abc import Callable
from functools import cached_property

from ..errors import OutputError

_LOG_HEAD = r"^(?:\S.*\| )?"
_WRITTEN = re.compile(rf"{_LOG_HEAD}(Saved: '|(Video a|A)ppend frame -?\d)")
# At a line's beginning alone: Blender prints scripts that fail, whose texts may have the word. What it says of memory
# as it leaves is no reason.
_ERROR = re.compile(rf"{_LOG_HEAD}(?:Understudy: )?(?:Error: |ERROR )(?!Not freed memory)(.+)")
_PREPARED = re.compile(r"Understudy: prepared (\d+) of \d+$")
_ENGINE_WORDS = re.compile(r"^\s*openjd_", re.IGNORECASE)
OPENJD = "openjd"


class TaskOutput:
    """Prints lines and counts the frames that Blender says it wrote."""

    def __init__(self, engine: str, show: Callable[[str], None], count_frames: Callable[[], int]) -> None:
        """`engine` is the name of an engine, `show` prints a line, `count_frames` is called once a frame is done."""
        self._engine = engine
        self._show = show
        self._count_frames = count_frames
        self.written_count = 0
        """Images that were saved, or frames that were added to a movie."""
        self.last_error = ""
        """What Blender or Understudy called an error last."""
        self.fault: OSError | OutputError | None = None
        """Why lines can't be printed any more; None where they can. A task goes on without who reads them."""

    def pass_on(self, line: str) -> None:
        """Print a line of Blender's."""
        # What a project has Blender print must not give the engine orders.
        self._print(f"| {line}" if _ENGINE_WORDS.match(line) else line)
        error = _ERROR.match(line)
        if error is not None:
            self.last_error = error[1]
        if _WRITTEN.match(line):
            self.written_count += 1
            self._show_progress()
        prepared = _PREPARED.match(line)
        if prepared is not None and self._engine == OPENJD:
            self._show_percent(int(prepared[1]))

    def status(self, text: str) -> None:
        """Say what the task does."""
        self._print(f"openjd_status: {text}" if self._engine == OPENJD else f"Understudy: {text}")

    def fail(self, text: str) -> None:
        """Say why the task fails."""
        if text != self.last_error:
            self._print(f"Understudy: Error: {text}")
        if self._engine == OPENJD:
            self._print(f"openjd_fail: {text}")

    def _print(self, line: str) -> None:
        if self.fault is None:
            try:
                self._show(line)
            except (OSError, OutputError) as error:
                self.fault = error

    def _show_progress(self) -> None:
        if self._engine == OPENJD:
            self._show_percent(self.written_count)
        else:
            self._print(f"Understudy: {self.written_count} of {self._total} frames")

    def _show_percent(self, done: int) -> None:
        self._print(f"openjd_progress: {100 * min(done / self._total, 1.0):.1f}")

    @cached_property
    def _total(self) -> int:
        return max(self._count_frames(), 1)
