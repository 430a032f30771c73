# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that are missing in a sequence of image files: the image before is held, so that the rest keeps its time."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from .image_series import numbered_names


@dataclass(frozen=True)
class HeldSequence:
    """A sequence of images without gaps."""

    paths: tuple[Path, ...]
    """A file for each frame: the one before where a number is missing."""
    missing: tuple[int, ...] = ()
    """The frames whose files are missing, counted from 0."""


def hold_over_gaps(paths: Sequence[Path]) -> HeldSequence:
    """Return the files of a sequence, in the order of their numbers, with the one before for each that is missing.

    Files that differ by more than their last number are no numbered sequence, nor are those of which more numbers are
    missing than there are, as photographs from a camera; images at even distances, as every second one, have no gap.
    """
    plain = HeldSequence(tuple(paths))
    names = [name for name in numbered_names(paths) if name is not None]
    if len(names) != len(paths) or len({(name.before, name.after) for name in names}) != 1:
        return plain
    numbers = [int(name.digits) for name in names]
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    span = numbers[-1] - numbers[0] + 1
    if len(steps) <= 1 or min(steps) < 1 or span > 2 * len(paths):
        return plain
    by_number = dict(zip(numbers, paths, strict=True))
    held, missing, last = [], [], paths[0]
    for frame, number in enumerate(range(numbers[0], numbers[-1] + 1)):
        if number not in by_number:
            missing.append(frame)
        last = by_number.get(number, last)
        held.append(last)
    return HeldSequence(tuple(held), tuple(missing))
