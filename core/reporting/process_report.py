# SPDX-License-Identifier: GPL-3.0-or-later
"""One report of all renders of a process: a farm may render a chunk frame by frame."""

import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .layer_outcomes import Outcomes, pluralise
from .strip_state import render_text, state_of_outcomes

_DIGITS = 4


@dataclass(frozen=True)
class RenderRecord:
    """What one render did."""

    facts: Mapping[str, Any]
    """The report of its session, as plain values."""
    outcomes: Outcomes
    write_count: int
    """Layer images that it wrote."""
    frames: tuple[int, ...]
    """The timeline frames that it was asked for."""
    failed_frames: tuple[int, ...]
    swapped_count: int
    """Frames that show new faces wherever these are asked for."""
    original_count: int
    """Frames with an image that could not be made."""
    refusal: str
    """Why it was refused; empty where it was not."""
    started_at: float
    """In seconds since 1970, as `ended_at`."""
    ended_at: float
    is_preparation: bool = False
    """Whether it made layer images and rendered nothing."""
    unmarked_frames: tuple[int, ...] = ()
    """Frames that show new faces in a file that does not say so."""

    @property
    def result(self) -> str:
        """What came of it in a few words."""
        return render_text(len(self.frames), self.swapped_count, self.original_count)

    @property
    def summary(self) -> str:
        """What it did, in a line."""
        facts = self.facts
        line = (
            f"{pluralise(len(self.frames), 'frame')}: {self.outcomes.summary(facts['faces'])}; "
            f"{self.write_count} written, {facts['frames_decoded']} decoded, "
            f"{pluralise(facts['models_loaded'], 'model')} loaded, {facts['seconds']} s; "
            f"{pluralise(len(facts['warnings']), 'warning')}"
        )
        if self.failed_frames:
            line += f"; failed: {', '.join(f'frame {frame}' for frame in self.failed_frames)}"
        return line


class ProcessReport:
    """Adds up the renders of a process. Numbers are sums, lists have the entries of all renders."""

    def __init__(self, versions: Mapping[str, str]) -> None:
        """`versions` are those of the programs that render, by their keys in the report."""
        self._versions = dict(versions)
        self._records: list[RenderRecord] = []
        self._facts: dict[str, Any] = {}
        self._outcomes = Outcomes()

    def add(self, record: RenderRecord) -> None:
        """Add a render."""
        self._records.append(record)
        self._facts = add_facts(self._facts, record.facts)
        self._outcomes.add(record.outcomes)

    def as_dict(self) -> dict[str, object]:
        """Return the report as plain values."""
        records = self._records
        failed: set[int] = set()
        unmarked: set[int] = set()
        for record in records:  # a frame that was rendered again counts as it was then
            failed = failed.difference(record.frames).union(record.failed_frames)
            unmarked = unmarked.difference(record.frames).union(record.unmarked_frames)
        counts = (
            sum(len(record.frames) for record in records),
            sum(record.swapped_count for record in records),
            sum(record.original_count for record in records),
        )
        return {
            **self._facts,
            "failed": sorted(failed),
            "unmarked": sorted(unmarked),
            "result": render_text(*counts),
            "refused": next((record.refusal for record in records if record.refusal), ""),
            "state": state_of_outcomes(self._outcomes).as_dict(),
            "host": platform.node(),
            "process": os.getpid(),
            **self._versions,
            "range": range_text(_frames_of(records, preparations=False)),
            "prepared": range_text(_frames_of(records, preparations=True)),
            "renders": sum(not record.is_preparation for record in records),
            "started": round(min((record.started_at for record in records), default=0.0), 3),
            "ended": round(max((record.ended_at for record in records), default=0.0), 3),
        }


def _frames_of(records: Iterable[RenderRecord], *, preparations: bool) -> Iterator[int]:
    for record in records:
        if record.is_preparation == preparations:
            yield from record.frames


def add_facts(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Add up two reports of the same keys: numbers, the entries of mappings, and lists without repetitions."""
    return {
        name: _sum(one[name], other[name]) if name in one and name in other else {**one, **other}[name]
        for name in dict.fromkeys((*one, *other))
    }


def _sum(one: Any, other: Any) -> Any:
    if isinstance(one, dict):
        return add_facts(one, other)
    if isinstance(one, list):
        return list(dict.fromkeys((*one, *other)))
    total = one + other
    return round(total, _DIGITS) if isinstance(total, float) else total


def range_text(frames: Iterable[int]) -> str:
    """Return frames as farms write them: `1-24,30`."""
    spans: list[list[int]] = []
    for frame in sorted(set(frames)):
        if spans and frame == spans[-1][1] + 1:
            spans[-1][1] = frame
        else:
            spans.append([frame, frame])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
