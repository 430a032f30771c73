# SPDX-License-Identifier: GPL-3.0-or-later
"""Problems of neighboring frames as one: what a person goes through."""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from .measures import MEASURES
from .problems import Problem, Reason

_NEAR_FRAMES = 2
"""A frame without a problem between two that have one does not part them."""


@dataclass(frozen=True)
class ProblemRun:
    """Frames that follow each other in which a person has a problem.

    Attributes
    ----------
    first : int
        The first of the frames.
    last : int
        The last of them, itself included.
    person : int or None
        As in `Problem.person`.
    reasons : tuple of Reason
        Of each measure the worst value there is, the most frequent measure first.
    """

    first: int
    last: int
    person: int | None
    reasons: tuple[Reason, ...]

    @property
    def text(self) -> str:
        """Why, in one line."""
        return "; ".join(reason.text for reason in self.reasons)

    @property
    def frames_text(self) -> str:
        """The frames, such as "frame 3" or "frames 74-86"."""
        return f"frame {self.first}" if self.first == self.last else f"frames {self.first}-{self.last}"


def problem_runs(problems: Iterable[Problem]) -> tuple[ProblemRun, ...]:
    """Join problems of one person in neighboring frames.

    Parameters
    ----------
    problems : iterable of Problem
        In any order.

    Returns
    -------
    tuple of ProblemRun
        By their first frame.
    """
    by_person: dict[int, list[list[Problem]]] = {}
    for problem in sorted(problems, key=attrgetter("frame")):
        runs = by_person.setdefault(-1 if problem.person is None else problem.person, [])
        if runs and problem.frame - runs[-1][-1].frame <= _NEAR_FRAMES:
            runs[-1].append(problem)
        else:
            runs.append([problem])
    joined = (
        ProblemRun(run[0].frame, run[-1].frame, run[0].person, _worst_reasons(run))
        for runs in by_person.values()
        for run in runs
    )
    return tuple(sorted(joined, key=attrgetter("first", "last")))


def _worst_reasons(problems: list[Problem]) -> tuple[Reason, ...]:
    by_measure: dict[str, list[Reason]] = {}
    for problem in problems:
        for reason in problem.reasons:
            by_measure.setdefault(reason.measure, []).append(reason)
    worst = [
        (len(reasons), (min if MEASURES[name].is_low_bad else max)(reasons, key=attrgetter("value")))
        for name, reasons in by_measure.items()
    ]
    return tuple(reason for _, reason in sorted(worst, key=lambda pair: -pair[0]))
