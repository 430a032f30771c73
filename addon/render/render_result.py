# SPDX-License-Identifier: GPL-3.0-or-later
"""How a render ended, for those who are to know."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RenderResult:
    """How a render ended: in a line, and what failed where it was strict."""

    summary: str
    failures: tuple[str, ...]
    report: str = ""
    """The same in a few words, as Blender reports it."""
    has_originals: bool = False
    """Whether an image that was asked for could not be made."""
    from_viewport: bool = False
    """Whether it was a render from the viewport."""
