# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry of a list that an operator works on, which a script names by a number."""

from collections.abc import Sized
from typing import Any

from ..blender.reports import report


def has_entry(operator: Any, entries: Sized, noun: str) -> bool:
    """Tell whether a list has an entry at an operator's `index`; that it has none is reported."""
    if 0 <= operator.index < len(entries):
        return True
    report(operator, "ERROR", f"There is no {noun} number {operator.index + 1}")
    return False
