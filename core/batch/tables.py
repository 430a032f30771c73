# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of a TOML file, whose entries are named as the options of the command line are."""

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from ..errors import BatchError, os_error_reason
from ..filesystem import read_input
from ..reporting.quoting import quote

_MAX_FILE_BYTES = 1 << 24
_MAX_TEXT_CHARACTERS = 1 << 14
_MAX_SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class Table:
    """A table of a file, or what the command line says in its place. Every method raises BatchError.

    Attributes
    ----------
    values : mapping of str to object
        The entries.
    name : str
        What messages call it.
    folder : pathlib.Path
        What relative paths in it begin from.
    """

    values: Mapping[str, object]
    name: str
    folder: Path

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def require_known(self, names: Iterable[str]) -> None:
        """Make sure that every entry has one of these names."""
        known = list(names)
        for name in self.values:
            if name not in known:
                near = get_close_matches(name, known, 1)
                hint = f"did you mean {near[0]}?" if near else "known are " + ", ".join(known)
                raise self.fault(f"there is no entry {quote_value(name)}: {hint}")

    def fault(self, text: str) -> BatchError:
        """Return an error that says where it is."""
        return BatchError(f"{self.name}: {text}")

    def text(self, name: str) -> str:
        """Return a line of text."""
        return self._text(name, self.values[name])

    def texts(self, name: str) -> list[str]:
        """Return lines of text; a single one may stand for a list of it."""
        value = self.values.get(name, [])
        return [self._text(name, entry) for entry in (value if isinstance(value, list) else [value])]

    def paths(self, name: str) -> list[Path]:
        """Return paths, relative ones from the table's folder."""
        return [self.folder / text for text in self.texts(name)]

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Return one of several words."""
        text = self.text(name)
        if text not in choices:
            raise self.fault(f"{name} can't be {quote_value(text)}: use one of {', '.join(choices)}")
        return text

    def count(self, name: str, most: int | None = None) -> int:
        """Return a whole number from 0 up."""
        return self._count(name, self.values[name], most)

    def counts(self, name: str) -> list[int]:
        """Return whole numbers from 0 up; a single one may stand for a list of it."""
        value = self.values.get(name, [])
        return [self._count(name, entry, None) for entry in (value if isinstance(value, list) else [value])]

    def switch(self, name: str) -> bool:
        """Return whether a switch is on."""
        value = self.values[name]
        if not isinstance(value, bool):
            raise self.fault(f"{name} is true or false, not {quote_value(value)}")
        return value

    def settings(self) -> list[str]:
        """Return what `set` asks for, as `--set` has it: texts such as "fusion.blend=0.6", or a table of values."""
        value = self.values.get("set", [])
        if isinstance(value, dict):
            return list(self._setting_lines("", value))
        return self.texts("set")

    def tables(self, name: str) -> list["Table"]:
        """Return the tables below one, `[[name]]` in the file."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise self.fault(f"{name} is a list of tables: write [[{name}]]")
        return [
            Table(entry, f"{self.name}, [[{name}]] {number}", self.folder)
            for number, entry in enumerate(value, 1)
        ]

    def _text(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise self.fault(f"{name} is a text, not {quote_value(value)}: put it in quotes")
        if not value or len(value) > _MAX_TEXT_CHARACTERS or quote(value, _MAX_TEXT_CHARACTERS) != value:
            raise self.fault(f"{name} can't be {quote_value(value)}: write one line of text")
        return value

    def _count(self, name: str, value: object, most: int | None) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.fault(f"{name} is a whole number from 0 up, not {quote_value(value)}")
        if most is not None and value > most:
            raise self.fault(f"{name} must be from 0 to {most}, not {value}")
        return value

    def _setting_lines(self, prefix: str, values: Mapping[str, object]) -> Iterable[str]:
        for name, value in values.items():
            path = f"{prefix}{name}"
            if isinstance(value, dict):
                yield from self._setting_lines(f"{path}.", value)
            elif isinstance(value, bool):
                yield f"{path}={str(value).lower()}"
            elif isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
                yield f"{path}={value}"
            else:
                raise self.fault(f"{quote(path)} is one value, not {quote_value(value)}")


def quote_value(value: object) -> str:
    """Return a value as messages show it: texts in quotes, and the beginning of what is long."""
    return quote(repr(value), _MAX_SHOWN_CHARACTERS)


def read_table(path: Path) -> Table:
    """Return what a TOML file says; relative paths in it begin from its folder. BatchError names the line."""
    if path.suffix.lower() != ".toml":
        raise BatchError(f"{path} is no TOML file: give one that ends in .toml, and put patterns in quotes")
    try:
        data = read_input(path, _MAX_FILE_BYTES)
    except OSError as error:
        raise BatchError(f"can't read {path}: {os_error_reason(error).lower()}; check the path") from error
    try:
        values = tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BatchError(f"{path} is not UTF-8 in line {line}; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        text = str(error)
        raise BatchError(f"{path} is not TOML: {text[:1].lower()}{text[1:]}; correct it there") from error
    except (RecursionError, ValueError) as error:  # nested too deeply; a number of too many digits
        raise BatchError(f"{path} can't be read as TOML: make it simpler") from error
    return Table(values, path.name, path.parent)
