# SPDX-License-Identifier: GPL-3.0-or-later
"""Who plays the part."""

from dataclasses import dataclass, field
from pathlib import Path

from . import Recipe


@dataclass(frozen=True)
class FaceImage:
    """A picture of the source person."""

    path: Path
    face_number: int = 0
    """Which face it is, counted from the left from 1; 0 when the picture shows only one."""


@dataclass(frozen=True)
class Identity:
    """One person, shown by one or more pictures; the first matters most, the others fill what it hides."""

    images: tuple[FaceImage, ...]
    name: str = ""
    consent: str = ""
    """By what right this likeness is used, in the user's words."""


@dataclass(frozen=True)
class SwapRequest:
    """What one Face Swap modifier asks for: who plays the part, and how."""

    identity: Identity
    recipe: Recipe = field(default_factory=Recipe)
    target_references: tuple[FaceImage, ...] = ()
    """Pictures of the person who is replaced, for `select.which = reference`; none to pick them in the clip."""
