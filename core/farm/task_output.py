# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task prints: Blender's lines as they are, and how far it is in the words of the engine that reads them."""

import re
from collections.abc import Callable

_SAVED = re.compile(r"^(?:\S.*\| )?(Saved: '|Skipping existing frame)")
_ENGINE_WORDS = re.compile(r"^\s*openjd_", re.IGNORECASE)
OPENJD = "openjd"


class TaskOutput:
    """Prints lines and counts the frames that Blender says it wrote."""

    def __init__(self, engine: str, show: Callable[[str], None], first_frame: int, last_frame: int) -> None:
        """`engine` is the name of an engine, `show` prints a line."""
        self._engine = engine
        self._show = show
        self._total = last_frame - first_frame + 1
        self.written_count = 0
        """Images that were saved, or that were there and are not to be overwritten."""
        self.last_error = ""
        """The last line that Blender or Understudy called an error."""

    def set_total(self, frame_count: int) -> None:
        """Say how many frames there are, once that is known."""
        self._total = frame_count

    def pass_on(self, line: str) -> None:
        """Print a line of Blender's."""
        # What a project has Blender print must not give the engine orders.
        self._show(f"| {line}" if _ENGINE_WORDS.match(line) else line)
        if "Error: " in line:
            self.last_error = line
        if _SAVED.match(line):
            self.written_count += 1
            self._show_progress()

    def status(self, text: str) -> None:
        """Say what the task does."""
        self._show(f"openjd_status: {text}" if self._engine == OPENJD else f"Understudy: {text}")

    def fail(self, text: str) -> None:
        """Say why the task fails."""
        line = f"Understudy: Error: {text}"
        if line != self.last_error:
            self._show(line)
        if self._engine == OPENJD:
            self._show(f"openjd_fail: {text}")

    def _show_progress(self) -> None:
        done = min(self.written_count, self._total)
        if self._engine == OPENJD:
            self._show(f"openjd_progress: {100 * done / self._total:.1f}")
        else:
            self._show(f"Understudy: {done} of {self._total} frames")
