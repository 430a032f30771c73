# SPDX-License-Identifier: GPL-3.0-or-later
"""What the live preview does next."""

from enum import Enum, auto


class PreviewState(Enum):
    """What the preview does at its next tick."""

    IDLE = auto()
    """Nothing: it shows what the visible frame asks for, as far as it can."""
    DUE = auto()
    """Look at the visible frame, which may ask for something else, once the thread has nothing to do."""
    PENDING = auto()
    """Show what came of the last look, if the thread is done."""
    RETRY = auto()
    """Look at the visible frame, whose layers were not prepared: another process may have made them meanwhile."""
