# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scan finds."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .measures import MEASURES


@dataclass(frozen=True)
class Reason:
    """Why a frame was flagged.

    Attributes
    ----------
    measure : str
        The name of what was measured, of `MEASURES`.
    value : float
        What it is in this frame.
    limit : float
        From where on it is a problem.
    """

    measure: str
    value: float
    limit: float

    @property
    def text(self) -> str:
        """What people read, such as "Turned to the side: 61°, limit 50°"."""
        measure = MEASURES[self.measure]
        unit = measure.unit if measure.unit in ("", "°") else f" {measure.unit}"
        value, limit = (f"{number:.{measure.digits}f}" for number in (self.value, self.limit))
        if self.measure == "missing":
            return f"{measure.label} for {value} {'frame' if self.value == 1 else 'frames'}"
        return f"{measure.label}: {value}{unit}, limit {limit}"


@dataclass(frozen=True)
class Problem:
    """A frame in which the new face of a person is likely to look wrong.

    Attributes
    ----------
    frame : int
        The frame of the clip, counted from 0.
    person : int or None
        Which of the people that the scan met, counted from 0 in the order in which they appear; None where nobody is
        known to be there.
    reasons : tuple of Reason
        Why; at least one.
    """

    frame: int
    person: int | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, eq=False)
class PersonSeries:
    """All that was measured of one person.

    Attributes
    ----------
    person : int
        As in `Problem.person`.
    frames : ndarray, shape (n,), int32
        The frames in which they are seen, ascending.
    values : ndarray, shape (n, m), float32
        What was measured there, in the order of `FACE_MEASURES`; NaN where nothing was.
    boxes : ndarray, shape (n, 4), float32
        Where their face is: left, top, right and bottom in pixels of the frame.
    """

    person: int
    frames: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]
    boxes: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ScanResult:
    """What is known of a range of a clip.

    Attributes
    ----------
    problems : tuple of Problem
        By frame, then by person.
    frame_count : int
        How many frames were looked at.
    unknown_count : int
        How many more could not be: they are not analysed yet, or can't be read.
    series : tuple of PersonSeries
        What was measured, for plots, and where everybody's face is.
    size : tuple of int
        Width and height of the frames in pixels.
    """

    problems: tuple[Problem, ...]
    frame_count: int
    unknown_count: int
    series: tuple[PersonSeries, ...] = ()
    size: tuple[int, int] = (1, 1)

    @property
    def flagged_frames(self) -> tuple[int, ...]:
        """The frames with a problem, each once, ascending."""
        return tuple(sorted({problem.frame for problem in self.problems}))

    def as_dict(self) -> Mapping[str, object]:
        """Return the flagged frames as plain values for JSON."""
        return {
            "frames": [
                {
                    "frame": problem.frame,
                    "person": problem.person,
                    "reasons": [
                        {
                            "measure": reason.measure,
                            "value": round(reason.value, 4),
                            "limit": round(reason.limit, 4),
                        }
                        for reason in problem.reasons
                    ],
                }
                for problem in self.problems
            ]
        }
