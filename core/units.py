# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes and spans of time as people write them, and their word for none."""

OFF = "off"
"""The value of a variable that takes back what the preferences say."""
DAY_SECONDS = 86400.0

_SIZE_FACTORS = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_LEAST_BARE_BYTES = 10**6
"""A smaller number without a unit is taken for a forgotten unit: nobody limits a cache to 20 bytes."""


def parse_size(text: str) -> int:
    """Return the bytes of a size such as 500M or 20G (powers of 1000).

    Raises ValueError, also where a number is so small that its unit must have been forgotten.
    """
    factor = _SIZE_FACTORS.get(text[-1:].upper())
    try:
        size = float(text[:-1] if factor else text) * (factor or 1)
    except ValueError:
        size = -1.0
    if not 0 <= size < 1e18:
        raise ValueError(f"{text!r} is not a size such as 500M or 20G")
    if factor is None and 0 < size < _LEAST_BARE_BYTES:
        raise ValueError(f"{text!r} would be bytes: give a unit, such as {text}M or {text}G")
    return int(size)


def parse_days(text: str) -> float:
    """Return a number of days. Raises ValueError."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e6:
        raise ValueError(f"{text!r} is not a number of days")
    return number


def parse_switch(text: str) -> bool:
    """Return whether a switch is on: 1, true, yes or on, or their contraries. Raises ValueError for anything else."""
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"{text!r} is neither 1 nor 0")


def parse_count(text: str) -> int:
    """Return a whole number from 0 up. Raises ValueError."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"{text!r} is not a whole number from 0 up")
    return int(text)
