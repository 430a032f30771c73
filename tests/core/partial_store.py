# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache as a version before left it, which knew less."""

from understudy.core.cache.stores.memory import MemoryStore


class StoreWithout(MemoryStore):
    """A store in memory that keeps nothing of one stage."""

    def __init__(self, capacity_bytes, stage):
        super().__init__(capacity_bytes)
        self.stage = stage

    def put(self, key, arrays):
        """Keep everything else."""
        if f"stage={self.stage}\n" not in key.text:
            super().put(key, arrays)
