# SPDX-License-Identifier: GPL-3.0-or-later
"""The ids of stacks: what ties a clip, its layer and its modifiers together, and names a folder of layer files."""

import uuid


def new_id() -> str:
    """Return an id that no other stack has."""
    return uuid.uuid4().hex[:16]
