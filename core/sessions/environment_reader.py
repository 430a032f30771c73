# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the values of environment variables."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from ..errors import CacheError
from ..units import OFF

_T = TypeVar("_T")


class EnvironmentReader:
    """What the environment says."""

    def __init__(self, environment: Mapping[str, str], ignored: list[str] | None = None) -> None:
        """`ignored` takes a line for what can't be read; without it that is a CacheError."""
        self._environment = environment
        self._ignored = ignored

    def text(self, name: str) -> str:
        """Return a variable's text, empty where it is not set."""
        return self._environment.get(name, "").strip()

    def value(self, name: str, parse: Callable[[str], _T], default: _T, *, on_error: _T | None = None) -> _T:
        """Return a variable's value; `default` where it is not set or can't be read.

        `on_error` is for what can't be read of a switch that keeps something safe: that is then kept.
        """
        text = self.text(name)
        try:
            return parse(text) if text else default
        except ValueError as error:
            if self._ignored is None:
                raise CacheError(f"{name} can't be used: {error}") from error
            if on_error is not None:
                self._ignored.append(f"{name} is taken for {on_error}: {error}")
                return on_error
            self._ignored.append(f"{name} is ignored: {error}")
            return default

    def place(self, name: str, parse: Callable[[str], _T], default: _T | None) -> _T | None:
        """Return the place that a variable names, None where it says OFF; `default` where it is not set."""
        text = self.text(name)
        if text == OFF:
            return None
        return parse(text) if text else default
