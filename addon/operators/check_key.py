# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator that tells whether the key of an encrypted cache can be used."""

import os
from typing import Any

import bpy

from ...core.cache.stores.encryption import KEY_VARIABLE, KEYRING_VALUE, Encryption, secret_from
from ...core.errors import CacheError
from ..blender.reports import report
from ..properties.preferences import preferences


class UNDERSTUDY_OT_check_key(bpy.types.Operator):
    """See whether results can be encrypted as they are set to be."""

    bl_idname = "understudy.check_key"
    bl_label = "Check Encryption Key"
    bl_description = "See whether the key is there and can be used"
    bl_options = {"REGISTER", "INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[Any]:
        """Get the key and say what came of it; the key itself is told to nobody."""
        said = os.environ.get(KEY_VARIABLE, "").strip()
        asked = said or (KEYRING_VALUE if preferences().key_in_keyring else "")
        try:
            secret = secret_from({KEY_VARIABLE: asked})
            if secret is None:
                report(self, "INFO", "Results are not encrypted")
                return {"FINISHED"}
            Encryption(secret)
        except CacheError as error:
            report(self, "ERROR", f"Nothing is kept: {error}")
            return {"CANCELLED"}
        report(self, "INFO", "The key can be used: results are encrypted")
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_check_key,)
