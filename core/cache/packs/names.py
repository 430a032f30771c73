# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of packs, of their sidecars, and of what was to become one of them."""

import os
import re
import secrets
import time

_STEM = r"[0-9a-f]{16}-[0-9a-f]+-[0-9a-f]{8}"
PACK_NAME = re.compile(rf"{_STEM}\.pack")
SIDECAR_NAME = re.compile(rf"{_STEM}\.idx")
PACK_LEFTOVER = re.compile(rf"\.{_STEM}\.(pack|[0-9a-f]{{8}}\.idx)\.tmp")
"""The name of a file that was to become a pack or a sidecar; it lasts where its maker was killed."""


def sidecar_name(pack: str) -> str:
    """Return the name of a pack's sidecar."""
    return pack.removesuffix(".pack") + ".idx"


def new_pack_name() -> str:
    """Return a name for a pack that no other process gives."""
    return f"{time.time_ns():016x}-{os.getpid():x}-{secrets.token_hex(4)}.pack"
