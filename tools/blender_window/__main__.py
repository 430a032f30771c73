# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the folder with Blender 5.2, if it can be made on this machine. Where it can't, say why: that is no fault."""

from understudy.core.errors import OutputError

from .folder import ensure

if __name__ == "__main__":
    try:
        print(f"Blender 5.2 is in {ensure()}")
    except OutputError as reason:
        print(f"{reason}; what needs it is skipped")
