# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingerprints: the key of a stage's result, and the readable text it is made from."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

Scalar = str | int | float | bool | bytes
"""An input of a key: a text of one line, a number, a switch or bytes, such as a hash."""
SHA256_HEX = re.compile(r"[0-9a-f]{64}")
"""The form of a SHA-256, as keys and their texts have it."""


@dataclass(frozen=True)
class Key:
    """The key of one stage result.

    Make one with `stage_key`.

    Attributes
    ----------
    text : str
        One `name=value` line per input, sorted by name, each ended by a newline, so that two texts can be compared
        line by line to explain a miss.
    """

    text: str

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the UTF-8 text, 32 bytes."""
        return hashlib.sha256(self.text.encode()).digest()

    @property
    def hex(self) -> str:
        """The digest as 64 lower-case hex digits."""
        return self.digest.hex()


def canonical_text(value: Scalar) -> str:
    """Write a parameter so that equal values give equal text everywhere: floats by `repr`, bytes as hex.

    Raises ValueError for text with a line break, which would forge a line of the key text.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return repr(float(value) + 0.0)  # numpy 2 writes its own floats as np.float64(…)
    text = str(value)
    if "\n" in text or "\r" in text:
        raise ValueError(f"a key value may not contain a line break: {text!r}")
    return text


def stage_key(stage: str, version: int, inputs: Mapping[str, Scalar | Key]) -> Key:
    """Build the key of a stage's result from everything that can change it.

    Parameters
    ----------
    stage : str
        The stage's name; a tool's own begins with the tool's name, so that it is no other's.
    version : int
        The version of the stage's code: another one for code that gives another result.
    inputs : mapping of str to Scalar or Key
        Every input that can change the result, by name. Pixels enter by a hash of them; the result of another stage
        enters by that stage's key.

    Returns
    -------
    Key
        The key. Equal inputs give equal keys on every machine.

    Raises
    ------
    ValueError
        A name is empty, `stage` or `version`, or holds `=` or a line break; or a text holds a line break.
    """
    lines = {"stage": stage, "version": str(version)}
    for name, value in inputs.items():
        if not name or "=" in name or "\n" in name or name in lines:
            raise ValueError(f"not a usable key input name: {name!r}")
        lines[name] = value.hex if isinstance(value, Key) else canonical_text(value)
    return Key("".join(f"{name}={lines[name]}\n" for name in sorted(lines)))


def key_line_value(text: str, name: str) -> str | None:
    """Return the value of one line of a key's text, None where it has no such line."""
    _, mark, rest = text.partition(f"\n{name}=")
    if mark:
        return rest.partition("\n")[0]
    return text[len(name) + 1 :].partition("\n")[0] if text.startswith(f"{name}=") else None
