# SPDX-License-Identifier: GPL-3.0-or-later
"""The icon beside a strip's state."""

from ...core.reporting.strip_state import StripState, StripStateKind

_ICONS = {
    StripStateKind.NO_SOURCE: "IMAGE_DATA",
    StripStateKind.PREPARING: "SORTTIME",
    StripStateKind.HIDDEN: "HIDE_ON",
    StripStateKind.CHECKING: "SORTTIME",
    StripStateKind.STOPPED: "CANCEL",
}


def state_icon(state: StripState) -> str:
    """Return the icon of a state: a tick only where every frame has its new face and nothing else is wrong."""
    if state.is_good:
        return "CHECKMARK"
    return "ERROR" if state.is_bad else _ICONS.get(state.kind, "INFO")
