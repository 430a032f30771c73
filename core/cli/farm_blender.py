# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Blender the actions of `understudy farm` start."""

import argparse
from collections.abc import Mapping

from ..farm.blender_program import BLENDER_VARIABLE


def blender_name(arguments: argparse.Namespace, environment: Mapping[str, str]) -> str | None:
    """Return what `find_blender` is to look for: what is named, or else the Blender that this runs in, if it does."""
    if arguments.blender:
        return str(arguments.blender)
    if environment.get(BLENDER_VARIABLE, "").strip() or not arguments.own_blender:
        return None
    return str(arguments.own_blender)
