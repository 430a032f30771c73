# SPDX-License-Identifier: GPL-3.0-or-later
"""What a batch shows on the terminal: how far all of it is, and at the end a line for each row."""

import sys
from collections.abc import Callable, Sequence
from functools import partial

from ..batch.row_check import CheckedRow
from ..batch.run import RowResult
from ..concurrency.closing import Closeable
from ..reporting.quoting import quote
from .output import is_terminal, print_diagnostic, show
from .progress import ProgressDisplay
from .signals import StopSignal

_MAX_NAME_CHARACTERS = 40


class CheckDisplay(Closeable):
    """Shows how many rows were checked; leaves the terminal's line empty."""

    def __init__(self, row_count: int, *, quiet: bool) -> None:
        self._progress = ProgressDisplay(row_count, sys.stderr, is_terminal() and not quiet, "row")

    def close(self) -> None:
        """Empty the line."""
        self._progress.close()

    def update(self, count: int) -> None:
        """Say that so many rows were checked."""
        self._progress.update(count, "checking ")


class BatchDisplay(Closeable):
    """Shows how far a batch is; leaves the terminal's line empty."""

    def __init__(self, rows: Sequence[CheckedRow], stop: StopSignal, *, quiet: bool) -> None:
        self._stop = stop
        self._row_count = len(rows)
        self._total = sum(checked.frame_count for checked in rows)
        self._progress = ProgressDisplay(self._total, sys.stderr, is_terminal() and not quiet)
        self._begun_count = 0
        self._frames_before = 0
        self._frame_count = 0

    def close(self) -> None:
        """Empty the line."""
        self._progress.close()

    def observe(self, checked: CheckedRow) -> "_RowObserver":
        """Return who hears of the render of the next row."""
        self._frames_before += self._frame_count
        self._frame_count = checked.frame_count
        self._begun_count += 1
        return _RowObserver(self._stop.check, partial(self._warn, checked.row.label), self._update)

    def _warn(self, label: str, text: str) -> None:
        self._progress.close()
        print_diagnostic(f"warning: {label}: {text}")

    def _update(self, count: int) -> None:
        self._progress.update(self._frames_before + count, f"row {self._begun_count}/{self._row_count}, ")


class _RowObserver:
    """Hears of one row, see `RenderObserver`."""

    def __init__(
        self, check_stop: Callable[[], None], warn: Callable[[str], None], update: Callable[[int], None]
    ) -> None:
        self._check_stop = check_stop
        self._warn = warn
        self._update = update

    def check_stop(self) -> None:
        """See `RenderObserver`."""
        self._check_stop()

    def on_warning(self, text: str) -> None:
        """See `RenderObserver`."""
        self._warn(text)

    def on_look(self, _count: int, _total: int) -> None:
        """See `RenderObserver`. No frame is done by that."""
        self._update(0)

    def on_frame(self, count: int, _total: int) -> None:
        """See `RenderObserver`."""
        self._update(count)


def show_table(results: Sequence[RowResult]) -> None:
    """Print a line for each row of a batch, and one for all."""
    lines: list[tuple[str, ...]] = [("row", "clip", "face", "state", "frames", "seconds", "output")]
    for result in results:
        row, counts = result.row, result.counts
        frames = f"{counts.changed_count}/{counts.written_count}" if counts.written_count else ""
        names = (quote(text, _MAX_NAME_CHARACTERS) for text in (row.job.clip.name, row.take))
        seconds = f"{result.seconds:.1f}" if result.seconds else ""
        output = quote(row.job.output)
        lines.append((str(row.number), *names, result.state, frames, seconds, output))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        show("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    states = [result.state for result in results]
    counts_text = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    show(f"{len(results)} rows: {counts_text}")
