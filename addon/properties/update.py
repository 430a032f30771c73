# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens when a property that decides about pixels is set."""

from typing import Any

from .status import set_window_state


def tag_update(group: Any, _context: Any) -> None:
    """Let Blender's handlers know: a property that a script sets tells nobody by itself.

    What the last render did is no longer what the next one will do.
    """
    group.id_data.update_tag()
    set_window_state("rendered", "")
