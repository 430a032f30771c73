# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a strip plays."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from .colour_spaces import TAGGED_SPACES

LIGHT_READING, TAGGED_READING = "light", "tagged"
"""The first word of how clips are read whose numbers are light; the rest is the name of their colour space.
The other one is that of movies of which their own tags say it, and not what shows them."""


def light_reading(space: str) -> str:
    """Return the `ClipSource.reading` of a clip whose numbers are in a colour space of Blender's, see `light_space`."""
    return f"{LIGHT_READING} {space}"


def tagged_reading(transfer: int) -> str:
    """Return the `ClipSource.reading` of a movie by the number of its transfer curve; empty for most."""
    return f"{TAGGED_READING} {TAGGED_SPACES[transfer]}" if transfer in TAGGED_SPACES else ""


def clip_reading(asked: str, bits: int, transfer: int) -> str:
    """Return the `ClipSource.reading` of an open movie.

    Parameters
    ----------
    asked : str
        The reading that it was to be opened with.
    bits : int
        Its `ClipInfo.bit_depth`.
    transfer : int
        What its file says of the transfer curve, the number of ISO/IEC 23091-2.

    Returns
    -------
    str
        Where none is asked for, that of the file's own transfer curve; one of 8 bits is then taken as it is coded.
    """
    return asked if asked or bits == 8 else tagged_reading(transfer)


@dataclass(frozen=True)
class ClipSource:
    """The files that a strip plays: one movie, or one or more images in order."""

    movie: bool
    paths: tuple[Path, ...]
    reading: str = ""
    """How the files are read where that is not as Blender's sequencer shows them: a part of what is kept of frames."""

    @property
    def files(self) -> Self:
        """The same files, however they are read."""
        return replace(self, reading="") if self.reading else self

    @property
    def key_inputs(self) -> dict[str, str]:
        """What keys of frames name besides the content of the files."""
        return {"reading": self.reading} if self.reading else {}
