# SPDX-License-Identifier: GPL-3.0-or-later
"""What a casting sheet holds: frames, variants of a swap, and a cell for each variant in each frame."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..face.types import Pixels
from ..recipe.request import SwapRequest
from .chosen_frame import ChosenFrame

CellState = Literal["changed", "unchanged", "failed", "pending"]


@dataclass(frozen=True)
class Wedge:
    """Values of one parameter that are compared.

    Attributes
    ----------
    path : str
        The parameter's path, such as "fusion.colour_match".
    label : str
        Its name for people.
    values : tuple of str
        The values as they were written, two at least differ.
    """

    path: str
    label: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """One way of swapping: one source person with one set of values.

    Attributes
    ----------
    name : str
        The take's name.
    request : SwapRequest
        Who replaces whom, and how.
    values : tuple of str
        The value of each wedge, in the order of the sheet's wedges; empty without wedges.
    fault : str
        Why it must not be made, as by a condition that the user has set; empty where it may.
    """

    name: str
    request: SwapRequest
    values: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True)
class Cost:
    """What something took.

    Attributes
    ----------
    seconds : float
        Time by the clock.
    stages : mapping of str to int
        How often each stage ran; a stage that did not is left out.
    frames_decoded, models_loaded : int
        Frames that stages needed the pixels of, and models that were loaded.
    """

    seconds: float = 0.0
    stages: Mapping[str, int] = field(default_factory=dict)
    frames_decoded: int = 0
    models_loaded: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        """Return what both took."""
        names = dict.fromkeys((*self.stages, *other.stages))
        return Cost(
            self.seconds + other.seconds,
            {name: self.stages.get(name, 0) + other.stages.get(name, 0) for name in names},
            self.frames_decoded + other.frames_decoded,
            self.models_loaded + other.models_loaded,
        )

    def as_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON."""
        return {
            "seconds": round(self.seconds, 4),
            "stages": dict(self.stages),
            "frames_decoded": self.frames_decoded,
            "models_loaded": self.models_loaded,
        }


@dataclass(frozen=True, eq=False)
class Cell:
    """One variant, or the original, in one frame.

    Attributes
    ----------
    number : int
        The frame, counted from 0.
    state : {"changed", "unchanged", "failed", "pending"}
        Whether it shows a new face; "failed" where it could not be made, "pending" where it is still to be made: a
        finished sheet has none of these.
    image : ndarray, shape (h, w, 3), uint8, or None
        What it shows, RGB; None where it failed or is pending.
    fault : str
        Why it failed; empty where it did not.
    cost : Cost
        What it took.
    """

    number: int
    state: CellState
    image: Pixels | None
    fault: str
    cost: Cost


@dataclass(frozen=True, eq=False)
class Sheet:
    """A finished casting sheet.

    Attributes
    ----------
    clip : str
        The clip's file name.
    frames : tuple of ChosenFrame
        The frames, in their order.
    variants : tuple of Variant
        The ways of swapping, in the order they were given; the first wedge's value changes fastest.
    wedges : tuple of Wedge
        None, one or two.
    originals : tuple of Cell
        The clip itself in each frame.
    cells : tuple of tuple of Cell
        For each variant its cells, in the order of the frames.
    source_costs : tuple of Cost
        For each variant what its source images took.
    scan_cost : Cost
        What it took to look for the frames that tell most; nothing where they were given.
    source_hashes : tuple of str
        SHA-256 of the images of the people that it shows, in hex: its files name them, so that a purge finds them.
    """

    clip: str
    frames: tuple[ChosenFrame, ...]
    variants: tuple[Variant, ...]
    wedges: tuple[Wedge, ...]
    originals: tuple[Cell, ...]
    cells: tuple[tuple[Cell, ...], ...]
    source_costs: tuple[Cost, ...]
    scan_cost: Cost
    source_hashes: tuple[str, ...] = ()

    @property
    def is_composite(self) -> bool:
        """Whether any cell shows a new face."""
        return any(cell.state == "changed" for cells in self.cells for cell in cells)

    @property
    def failures(self) -> dict[str, list[int]]:
        """Why cells could not be made, each reason once, and the frames of those cells."""
        frames: dict[str, list[int]] = {}
        for cell in (cell for row in (self.originals, *self.cells) for cell in row if cell.fault):
            frames.setdefault(cell.fault, []).append(cell.number)
        return frames

    @property
    def failure_count(self) -> int:
        """How many cells could not be made, originals included."""
        return sum(map(len, self.failures.values()))
