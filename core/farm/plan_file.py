# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as JSON, as `understudy farm plan --json` prints it and `farm write --plan` reads it."""

import json
from collections.abc import Mapping
from pathlib import Path

from ..errors import FarmError, MessageError, os_error_reason
from ..filesystem import read_input
from ..recipe import messages
from ..reporting.quoting import quote
from .facts_file import MAX_FACTS_BYTES, facts_of_json
from .plan import Chunk, Estimate, FarmPlan
from .variables import VARIABLE_NAME

_MAX_FRAME = 1 << 31
_FIX = "make it anew with `understudy farm plan --json`"


def read_plan_file(path: Path) -> FarmPlan:
    """Return the plan in a file that holds `plan_values`. Raises FarmError where it is none, or of another version."""
    try:
        return _plan(json.loads(read_input(path, MAX_FACTS_BYTES).decode()))
    except OSError as error:
        raise FarmError(f"can't read the plan {path}: {os_error_reason(error)}") from error
    except (ValueError, RecursionError, MessageError) as error:
        raise FarmError(f"{path} is no plan of this version ({error}): {_FIX}") from error


def _plan(values: object) -> FarmPlan:
    if isinstance(values, dict):  # how many tasks there are follows from the rest
        values = {name: value for name, value in values.items() if name != "task_count"}
    return FarmPlan(
        **messages.arguments(
            FarmPlan,
            values,
            facts=lambda facts: facts_of_json(json.dumps(facts)),
            chunks=lambda chunks: messages.listing(chunks, _chunk),
            environment=_environment,
            estimate=lambda estimate: Estimate(**messages.arguments(Estimate, estimate)),
            chunk_size=lambda size: messages.integer(size, 1, _MAX_FRAME),
        )
    )


def _chunk(values: object) -> Chunk:
    chunk = Chunk(**messages.arguments(Chunk, values, first_frame=_frame, last_frame=_frame))
    if chunk.last_frame < chunk.first_frame:
        raise MessageError("a chunk ends before it begins")
    return chunk


def _frame(value: object) -> int:
    return messages.integer(value, -_MAX_FRAME, _MAX_FRAME)


def _environment(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise MessageError("the environment must be an object")
    return dict(_variable(name, messages.text(text)) for name, text in value.items())


def _variable(name: str, text: str) -> tuple[str, str]:
    """Return a variable of a task. MessageError where it is none of Understudy's: jobs name it without quotes."""
    if VARIABLE_NAME.match(name) is None or "\0" in text:
        raise MessageError(f"{quote(name, 40)} is no variable of Understudy's")
    return name, text
