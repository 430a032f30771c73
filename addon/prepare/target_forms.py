# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms of people who are replaced, kept with the modifiers: so that a clip that is cut anew keeps its swaps."""

import os
from collections.abc import Collection
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import UnderstudyError
from ..layers.folders import cache_folder
from ..modifiers.stack import stack_of
from ..properties.encryption_summary import wants_encryption
from ..properties.preferences import preferences
from ..properties.scene_properties import recipe_of
from ..sequencer.strips import source_of, stack_id, strips_with_modifiers
from ..sessions.open import open_preview

if TYPE_CHECKING:
    from ...core.sessions.layer_session import LayerSession


def keep_target_forms(scene: bpy.types.Scene, strip_ids: Collection[str]) -> int:
    """Keep the forms that were learned with the modifiers of strips that have none yet; return with how many.

    Nothing is computed for it: what is not in the cache yet is kept after the next preparation. Where results are
    encrypted nothing is kept: forms and vectors describe people, and a .blend can be read by anyone.
    """
    if wants_encryption(os.environ, key_in_keyring=preferences().key_in_keyring):
        return 0
    wanted = [
        (strip, modifier)
        for strip in strips_with_modifiers(scene)
        if stack_id(strip) in strip_ids
        for modifier in stack_of(scene, stack_id(strip))
        if not modifier.target_forms and recipe_of(modifier).swap.gives_shape
    ]
    if not wanted:
        return 0
    count = 0
    with closing(open_preview(cache_folder(scene), preferences())) as session:
        for strip, modifier in wanted:
            # A clip that is missing, or whose forms were not learned yet, has none to keep.
            with suppress(UnderstudyError):
                count += learn_target_forms(session, strip, modifier)
    return count


def clear_target_forms(scene: bpy.types.Scene, strip: Any) -> None:
    """Take from the modifiers of a strip what they keep of the people in it."""
    for modifier in stack_of(scene, stack_id(strip)):
        if modifier.target_forms:
            modifier.target_forms = ""


def learn_target_forms(session: "LayerSession", strip: Any, modifier: Any) -> bool:
    """Keep the forms of a strip's people with a modifier, in place of those that it has; False where it shows nobody.

    Raises ClipError, ModelError, RecipeError and, from a session that computes nothing, NotCachedError.
    """
    forms = session.target_forms(source_of(strip), recipe_of(modifier))
    if forms:
        modifier.target_forms = forms
    return bool(forms)
