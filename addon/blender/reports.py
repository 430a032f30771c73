# SPDX-License-Identifier: GPL-3.0-or-later
"""How operators tell what came of them: in a line that says only what it shows, whatever names are in it."""

from typing import Any, Literal

from ...core.reporting.quoting import quote

Level = Literal["INFO", "WARNING", "ERROR"]


def report(operator: Any, level: Level, text: str) -> None:
    """Show a line in Blender's status bar and its list of reports."""
    operator.report({level}, quote(text))
