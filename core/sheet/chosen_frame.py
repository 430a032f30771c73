# SPDX-License-Identifier: GPL-3.0-or-later
"""A frame of a sheet."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class ChosenFrame:
    """A frame of the sheet and why it was chosen."""

    number: int
    reason: str = ""
