# SPDX-License-Identifier: GPL-3.0-or-later
"""`blender --command understudy …`: the same command line as `understudy …`, on Blender's own Python."""

import os
from typing import Any, cast

import bpy

COMMAND_NAME = "understudy"
# Blender takes a command out again only by the handle it gave, and tells it nobody twice: it is kept here.
_COMMAND_HANDLES: list[Any] = []


def run(arguments: list[str]) -> int:
    """Do what the words after `understudy` ask for, and return the exit code."""
    from ..core.system.address_space import keep_within_limit

    keep_within_limit(os.environ)  # before the commands' modules, which load NumPy
    from ..core.cli.main import main

    return main(arguments, online=bool(cast("Any", bpy.app).online_access), blender=bpy.app.binary_path)


def register() -> None:
    """Add the command."""
    _COMMAND_HANDLES.append(cast("Any", bpy.utils).register_cli_command(COMMAND_NAME, run))


def unregister() -> None:
    """Take the command out."""
    while _COMMAND_HANDLES:
        cast("Any", bpy.utils).unregister_cli_command(_COMMAND_HANDLES.pop())
