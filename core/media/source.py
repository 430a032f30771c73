# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a strip plays."""

from dataclasses import dataclass
from pathlib import Path

LIGHT_READING = "light"
"""The first word of how clips are read whose numbers are light; the rest is the name of their colour space."""


def light_reading(space: str) -> str:
    """Return the `ClipSource.reading` of OpenEXR images whose numbers are in a colour space of Blender's."""
    return f"{LIGHT_READING} {space}"


@dataclass(frozen=True)
class ClipSource:
    """The files that a strip plays: one movie, or one or more images in order."""

    movie: bool
    paths: tuple[Path, ...]
    reading: str = ""
    """How the files are read where that is not as Blender's sequencer shows them: a part of what is kept of frames."""

    @property
    def key_inputs(self) -> dict[str, str]:
        """What keys of frames name besides the content of the files."""
        return {"reading": self.reading} if self.reading else {}
