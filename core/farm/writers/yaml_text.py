# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML for values of a job: texts are always in double quotes, so that no name is read as something else."""

import re
from collections.abc import Mapping, Sequence

Value = str | int | bool | Mapping[str, "Value"] | Sequence["Value"]

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_NOT_KEYS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_MAX_KEY_CHARACTERS = 1000
"""A reader need not look further than 1,024 for the colon after a key (YAML 1.2, section 7.4.2)."""
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def to_yaml(value: Mapping[str, Value]) -> str:
    """Return a mapping as a YAML document in block style."""
    return "\n".join(_lines(value)) + "\n"


def quote_yaml(text: str) -> str:
    """Return a text as a scalar in double quotes."""
    return f'"{"".join(map(_escape, text))}"'


def _escape(sign: str) -> str:
    if sign in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[sign]
    if sign.isascii() and sign.isprintable():
        return sign
    code = ord(sign)
    # Letters stay readable; readers of YAML refuse some that are no letters.
    if sign.isalnum() and code < 0x10000:
        return sign
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _lines(value: Value) -> list[str]:
    if isinstance(value, Mapping):
        return [line for name, entry in value.items() for line in _pair(_key(name), entry)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [line for entry in value for line in _item(entry)]
    return [_scalar(value)]


def _pair(key: str, value: Value) -> list[str]:
    if len(key) > _MAX_KEY_CHARACTERS:
        return [f"? {key}", *_entry(":", value, "  ")]
    return _entry(f"{key}:", value, "  ")


def _entry(head: str, value: Value, indent: str) -> list[str]:
    if _is_scalar(value):
        return [f"{head} {_scalar(value)}"]
    return [head, *(f"{indent}{line}" for line in _lines(value))]


def _item(value: Value) -> list[str]:
    if _is_scalar(value):
        return [f"- {_scalar(value)}"]
    first, *rest = _lines(value)
    return [f"- {first}", *(f"  {line}" for line in rest)]


def _is_scalar(value: Value) -> bool:
    return isinstance(value, str | int) or not value


def _scalar(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quote_yaml(value)
    if isinstance(value, int):
        return str(value)
    return "{}" if isinstance(value, Mapping) else "[]"


def _key(name: str) -> str:
    return name if _PLAIN_KEY.match(name) and name.lower() not in _NOT_KEYS else quote_yaml(name)
