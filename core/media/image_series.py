# SPDX-License-Identifier: GPL-3.0-or-later
"""Series of image files that differ by their last number, as the frames of a shot do."""

import glob
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from ..reporting.quoting import quote

_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)
_FRAME_NUMBER_DIGITS = 3
"""Names with shorter numbers, and others before them, may be times of day."""
_NAMED_SERIES = 2


@dataclass(frozen=True)
class NumberedName:
    """A file's name around its last number."""

    before: str
    digits: str
    after: str


@dataclass(frozen=True)
class ImageSeries:
    """Files whose names are alike but for their last number."""

    before: str
    after: str
    numbers: tuple[str, ...]
    """In their order, with their zeros."""

    @property
    def pattern(self) -> str:
        """The pattern that their names match."""
        return f"{glob.escape(self.before)}*{glob.escape(self.after)}"

    @property
    def is_dense(self) -> bool:
        """Whether most of its numbers are there: photographs of a camera are no frames of a shot."""
        span = int(self.numbers[-1]) - int(self.numbers[0]) + 1
        return len(self.numbers) > 1 and span <= 2 * len(self.numbers)


def numbered_names(paths: Sequence[Path]) -> list[NumberedName | None]:
    """Return the parts of the files' names; None where one has no number.

    What all names end with is no number of a frame: a version as in `shot_0001_v2.png`, or a suffix as `.jp2`.
    """
    columns = zip(*(path.name[::-1] for path in paths), strict=False)
    alike = takewhile(lambda signs: len(set(signs)) == 1, columns)
    common = "".join(signs[0] for signs in alike)[::-1].lstrip(string.digits)
    return [_numbered_name(path, max(len(common), len(path.suffix))) for path in paths]


def _numbered_name(path: Path, ending_length: int) -> NumberedName | None:
    length = len(path.name) - ending_length
    match = _NUMBERED.fullmatch(path.name[:length])
    return None if match is None else NumberedName(match[1], match[2], match[3] + path.name[length:])


def find_series(paths: Sequence[Path]) -> tuple[ImageSeries, ...]:
    """Return the series that files belong to, the longest first, where there are frames of more than one shot.

    Series that differ by numbers alone, as shots 10 and 20, are told from times of day by the length of their numbers.
    """
    numbers: dict[tuple[str, str], list[str]] = {}
    for name in numbered_names(paths):
        if name is not None:
            numbers.setdefault((name.before, name.after), []).append(name.digits)
    every = (ImageSeries(*parts, tuple(sorted(digits, key=int))) for parts, digits in numbers.items())
    dense = sorted((series for series in every if series.is_dense), key=lambda series: -len(series.numbers))
    if len({(_without_numbers(series.before), series.after) for series in dense}) == 1:
        dense = [series for series in dense if len(series.numbers[-1]) >= _FRAME_NUMBER_DIGITS]
    return tuple(dense) if len(dense) > 1 else ()


def series_text(folder: str, series: Sequence[ImageSeries]) -> str:
    """Say that the clip of a folder with this name has several series, and how to read one of them."""
    named = [f"{quote(one.pattern)} ({len(one.numbers)} images)" for one in series]
    more = len(named) - _NAMED_SERIES
    listed = f"{', '.join(named[:-1])} and {named[-1]}"
    if more > 0:
        listed = f"{', '.join(named[:_NAMED_SERIES])} and {more} more"
    return (
        f"{folder} holds {len(series)} numbered series, {listed}, which are read as one clip: for one of them give "
        f"a pattern such as '{quote(series[0].pattern)}'"
    )


def _without_numbers(text: str) -> str:
    return re.sub(r"\d+", "#", text)
