# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of whoever uses this machine."""

import getpass


def user_name() -> str:
    """Return the user's name on this machine; empty where there is none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user without an entry
        return ""
