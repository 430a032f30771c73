# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of the machine that wrote a job, as they are on this one: Open Job Description's `pathmapping-1.0`."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from ..errors import MessageError, os_error_reason
from ..filesystem import read_input
from ..models.library import MODELS_VARIABLE
from ..sessions.settings import CACHE_VARIABLE, FOLDER_VARIABLE, LAYERS_VARIABLE
from ..system.trust import TRUST_VARIABLE

VERSION = "pathmapping-1.0"
PLACE_VARIABLES = (CACHE_VARIABLE, LAYERS_VARIABLE, FOLDER_VARIABLE, MODELS_VARIABLE)
"""The variables that name one folder each."""
_MAX_BYTES = 1 << 20
_PATH_KINDS: Mapping[str, type[PurePosixPath] | type[PureWindowsPath]] = {
    "POSIX": PurePosixPath,
    "WINDOWS": PureWindowsPath,
}


@dataclass(frozen=True)
class PathRule:
    """Whatever is below one folder there is below another one here."""

    source_format: str
    """`POSIX` or `WINDOWS`: how the machine that wrote the job writes paths."""
    source_path: str
    destination_path: str

    def apply(self, path: str) -> str | None:
        """Return where a path is here; None where the rule does not hold for it."""
        kind = _PATH_KINDS[self.source_format]
        try:
            rest = kind(path).relative_to(kind(self.source_path))
        except ValueError:
            return None
        if ".." in rest.parts:
            return None
        return str(Path(self.destination_path, *rest.parts))


@dataclass(frozen=True)
class PathMapping:
    """Rules, of which the first that holds counts."""

    rules: tuple[PathRule, ...] = ()

    def apply(self, path: str) -> str:
        """Return where a path is here."""
        return next((here for rule in self.rules if (here := rule.apply(path)) is not None), path)

    def apply_to_environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that name places of Understudy, with the places of this machine.

        Parameters
        ----------
        environment : mapping of str to str
            Variables, such as those of `os.environ`.

        Returns
        -------
        dict of str to str
            Those that change.
        """
        mapped = {name: self.apply(environment[name]) for name in PLACE_VARIABLES if environment.get(name)}
        trusted = environment.get(TRUST_VARIABLE, "")
        if trusted:
            mapped[TRUST_VARIABLE] = self._apply_to_list(trusted)
        return {name: value for name, value in mapped.items() if value != environment[name]}

    def _apply_to_list(self, text: str) -> str:
        return os.pathsep.join(self.apply(path) for path in text.split(os.pathsep))


def read_path_mapping(path: Path) -> PathMapping:
    """Read a file of rules; one without any is no fault. Raises MessageError."""
    try:
        values = json.loads(read_input(path, _MAX_BYTES))
    except OSError as error:
        raise MessageError(f"can't read the path mapping {path}: {os_error_reason(error)}") from error
    except (ValueError, RecursionError) as error:
        raise MessageError(f"the path mapping {path} is not JSON: write it as {VERSION}") from error
    if not isinstance(values, dict) or values.get("version", VERSION) != VERSION:
        raise MessageError(f"the path mapping {path} is not {VERSION}")
    rules = values.get("path_mapping_rules", [])
    if not isinstance(rules, list):
        raise MessageError(f"the path mapping {path} has no list of rules: write it as {VERSION}")
    return PathMapping(tuple(_read_rule(rule, path) for rule in rules))


def _read_rule(rule: Any, path: Path) -> PathRule:
    names = "source_path_format", "source_path", "destination_path"
    if not isinstance(rule, dict) or not all(isinstance(rule.get(name), str) for name in names):
        raise MessageError(f"a rule of the path mapping {path} lacks one of {', '.join(names)}")
    source_format = rule["source_path_format"].upper()
    if source_format not in _PATH_KINDS:
        raise MessageError(f"a rule of the path mapping {path} is for neither POSIX nor WINDOWS")
    return PathRule(source_format, rule["source_path"], rule["destination_path"])
