# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user states of a model file, in a small `<file>.toml` beside it."""

import tomllib
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..filesystem import read_input
from ..reporting.quoting import quote
from .catalog import Catalogue, ModelCard

_MAX_BYTES = 1 << 16
_MAX_WORD_CHARACTERS = 200
# A name of n parts takes the parser n² steps: 12 ms with 500, more than 20 s with the 30,000 that fit.
_MAX_DOTS = 500


def statement_path(path: Path) -> Path:
    """Return the path of what the user states of a model file."""
    return path.with_name(path.name + ".toml")


def read_statement(path: Path, catalogue: Catalogue) -> tuple[ModelCard | None, str]:
    """Read what the user stated of a model file: None and why, if nothing or nothing usable."""
    beside = statement_path(path)
    try:
        text = read_input(beside, _MAX_BYTES).decode("utf-8")
        if text.count(".") > _MAX_DOTS:
            return None, f"{quote(beside.name)} can't be used: it has more than {_MAX_DOTS} dots"
        table = tomllib.loads(text)
        family = catalogue.find_family(_word(table, "family"))
    except FileNotFoundError:
        return None, ""
    except RecursionError:
        return None, f"{quote(beside.name)} can't be used: it is nested too deep"
    except (OSError, ValueError, ModelError) as error:
        reason = (
            error.strerror if isinstance(error, OSError) and error.strerror else " ".join(str(error).split())
        )
        return None, f"{quote(beside.name)} can't be used: {quote(reason)}"
    vendor, page, note = (_word(table, name) for name in ("vendor", "page", "note"))
    licence = _word(table, "licence") or "not stated"
    return ModelCard(
        family.role, family.name, path.name, path.stem, licence=licence, commercial=table.get("commercial") is True,
        vendor=vendor, page=page, note=note, size=0, sha256="", url="",
    ), ""  # fmt: skip


def _word(table: dict[str, Any], name: str) -> str:
    """Return a text of a table in one line; empty where it is none."""
    value = table.get(name)
    return quote(value, _MAX_WORD_CHARACTERS) if isinstance(value, str | int | float) else ""
