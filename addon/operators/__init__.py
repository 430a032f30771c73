# SPDX-License-Identifier: GPL-3.0-or-later
"""What an editor can do: the operators `understudy.*`, a file for each family."""

from types import ModuleType

import bpy


def register() -> None:
    """Add the operators."""
    for family in _families():
        for operator in family.CLASSES:
            bpy.utils.register_class(operator)


def unregister() -> None:
    """Remove the operators."""
    for family in reversed(_families()):
        for operator in reversed(family.CLASSES):
            bpy.utils.unregister_class(operator)


def _families() -> tuple[ModuleType, ...]:
    from . import (
        check_key,
        compare,
        consent,
        cost,
        face_geometry,
        farm,
        landmarks,
        licences,
        masks,
        model_page,
        modifiers,
        nest,
        nude_scenes,
        outputs,
        people,
        prepare,
        prepare_buttons,
        problems,
        purge,
        ranges,
        refresh,
        render_originals,
        render_report,
        sheets,
        source_images,
        takes,
        target_forms,
        trust,
        turnover,
    )

    return (
        check_key,
        consent,
        compare,
        cost,
        face_geometry,
        farm,
        landmarks,
        licences,
        masks,
        model_page,
        modifiers,
        nest,
        nude_scenes,
        outputs,
        people,
        source_images,
        takes,
        target_forms,
        prepare,
        prepare_buttons,
        problems,
        purge,
        ranges,
        refresh,
        render_originals,
        render_report,
        sheets,
        trust,
        turnover,
    )
