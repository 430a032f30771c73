# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that Blender was started with: its own, and those after `--`, which it leaves to others."""

import sys


def blender_words() -> list[str]:
    """Return the words of the command line that Blender itself reads."""
    return sys.argv[: sys.argv.index("--")] if "--" in sys.argv else sys.argv


def own_words() -> list[str]:
    """Return the words that Blender does not read."""
    return sys.argv[len(blender_words()) + 1 :]
