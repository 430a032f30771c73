# SPDX-License-Identifier: GPL-3.0-or-later
"""Small records in the user's own cache folder: what this machine has learned of files that others may change.

Each kind of record has a JSON file of its own. What can't be read, or is not the user's own, counts for nothing.
"""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress

from .user_cache import is_private_to_user, ownership_fault, user_cache

_MAX_BYTES = 1 << 23

Record = list[int | str]


class UserRecords:
    """Records of one kind, by name. Several threads and processes may write: each write keeps what others wrote."""

    def __init__(
        self,
        file_name: str,
        is_record: Callable[[object], bool],
        max_records: int,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """`is_record` tells which values are sound; of more than `max_records` the oldest are dropped."""
        self._file_name = file_name
        self._is_record = is_record
        self._max_records = max_records
        self._location = user_cache(environment)

    def read(self) -> dict[str, Record]:
        """Return the records, the newest last; none where they can't be read."""
        if self._location is None or ownership_fault(self._location):
            return {}
        try:
            with self._location.open() as folder:
                if not is_private_to_user(folder.status(self._file_name)):
                    return {}
                kept = json.loads(folder.read_file(self._file_name, _MAX_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(kept, dict):
            return {}
        return {name: record for name, record in kept.items() if self._is_record(record)}

    def update(self, new: Mapping[str, Record]) -> None:
        """Add records, or put them in the place of others. Where they can't be kept they are learned again."""
        if new:
            self._write({**{name: one for name, one in self.read().items() if name not in new}, **new})

    def forget(self, name: str) -> None:
        """Remove a record."""
        kept = self.read()
        if kept.pop(name, None) is not None:
            self._write(kept)

    def _write(self, records: Mapping[str, Record]) -> None:
        if self._location is None or ownership_fault(self._location):
            return
        latest = dict(list(records.items())[-self._max_records :])
        with suppress(OSError), self._location.make(0o700) as folder:
            folder.write_file(self._file_name, json.dumps(latest).encode())
