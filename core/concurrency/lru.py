# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that were used last, up to a number of them."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

_Name = TypeVar("_Name")
_Value = TypeVar("_Value")


class LruCache(Generic[_Name, _Value]):
    """Keeps `capacity` values; the one used longest ago makes room.

    Not safe to use from several threads at once: an owner that is has a lock, which it holds meanwhile.
    """

    def __init__(self, capacity: int, on_evict: Callable[[_Value], object] | None = None) -> None:
        """Call `on_evict` with each value that makes room or is cleared: for what has to be closed."""
        self._capacity = capacity
        self._on_evict = on_evict
        self._values: OrderedDict[_Name, _Value] = OrderedDict()

    def get(self, name: _Name) -> _Value | None:
        """Return the value and count it as just used, or None."""
        if name not in self._values:
            return None
        self._values.move_to_end(name)
        return self._values[name]

    def put(self, name: _Name, value: _Value) -> _Value:
        """Keep a value, which counts as just used, and return it."""
        self._values[name] = value
        self._values.move_to_end(name)
        while len(self._values) > self._capacity:
            self._evict_oldest()
        return value

    def discard(self, name: _Name) -> bool:
        """Forget a value, which is not evicted; tell whether there was one."""
        if name not in self._values:
            return False
        del self._values[name]
        return True

    def values(self) -> tuple[_Value, ...]:
        """Return every value, the one used least recently first."""
        return tuple(self._values.values())

    def clear(self) -> None:
        """Evict every value."""
        while self._values:
            self._evict_oldest()

    def __contains__(self, name: _Name) -> bool:
        """Tell whether there is a value, without counting it as used."""
        return name in self._values

    def __len__(self) -> int:
        """Return how many values are kept."""
        return len(self._values)

    def _evict_oldest(self) -> None:
        _, value = self._values.popitem(last=False)
        if self._on_evict is not None:
            self._on_evict(value)
