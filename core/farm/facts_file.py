# SPDX-License-Identifier: GPL-3.0-or-later
"""The file in which Blender says what it knows of a project: JSON, read as strictly as a message."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import FarmError, MessageError, os_error_reason
from ..filesystem import read_input
from ..recipe import messages
from .plan import Asset, Chunk, ProjectFacts, StripFacts

MAX_FACTS_BYTES = 1 << 26
_MAX_FRAME = 1 << 31
_MAX_VARIABLES = 256


def facts_json(facts: ProjectFacts) -> str:
    """Return facts as JSON, for `facts_of_json`.

    Parameters
    ----------
    facts : ProjectFacts
        What Blender says of a project.

    Returns
    -------
    str
        A JSON object with the fields of `ProjectFacts`; paths are texts.
    """
    return json.dumps(asdict(facts), indent=1, default=str) + "\n"


def facts_of_json(text: str) -> ProjectFacts:
    """Return the facts that `facts_json` was given.

    Parameters
    ----------
    text : str
        The JSON.

    Returns
    -------
    ProjectFacts
        The facts.

    Raises
    ------
    FarmError
        It is no JSON, or has not exactly the fields that this version of Understudy writes.
    """
    try:
        return _project_facts(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise FarmError(f"what Blender wrote of the project is no JSON ({error}): {_FIX}") from None
    except MessageError as error:
        raise FarmError(f"what Blender wrote of the project can't be used ({error}): {_FIX}") from None


_FIX = "install the same version of Understudy in Blender as here"


def read_facts_file(path: Path) -> ProjectFacts:
    """Return the facts in a file. Raises FarmError, see `facts_of_json`, also for a file that can't be read."""
    try:
        text = read_input(path, MAX_FACTS_BYTES).decode("utf-8")
    except OSError as error:
        raise FarmError(f"can't read {path}: {os_error_reason(error)}") from error
    except UnicodeDecodeError as error:
        raise FarmError(f"what Blender wrote of the project is no text: {_FIX}") from error
    return facts_of_json(text)


def _project_facts(values: object) -> ProjectFacts:
    facts = ProjectFacts(
        **messages.arguments(
            ProjectFacts,
            values,
            first_frame=_frame,
            last_frame=_frame,
            render_size=_frame_size,
            assets=lambda entries: messages.listing(entries, _asset),
            strips=lambda entries: messages.listing(entries, _strip),
            environment=_environment,
        )
    )
    if facts.frame_step < 1:
        raise MessageError("a frame step is at least 1")
    return facts


def _asset(values: object) -> Asset:
    return Asset(**messages.arguments(Asset, values))


def _strip(values: object) -> StripFacts:
    return StripFacts(
        **messages.arguments(
            StripFacts,
            values,
            first_frame=_frame,
            last_frame=_frame,
            frame_size=_frame_size,
            ready_ranges=lambda entries: messages.listing(entries, _chunk),
        )
    )


def _chunk(values: object) -> Chunk:
    return Chunk(**messages.arguments(Chunk, values, first_frame=_frame, last_frame=_frame))


def _frame(value: object) -> int:
    return messages.integer(value, -_MAX_FRAME, _MAX_FRAME)


def _frame_size(value: object) -> tuple[int, int]:
    size = messages.listing(value, messages.integer, 2)
    if len(size) != 2:
        raise MessageError("a size is a width and a height")
    return size[0], size[1]


def _environment(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict) or len(value) > _MAX_VARIABLES:
        raise MessageError("the environment must be an object")
    return {messages.text(name): messages.text(text) for name, text in value.items()}
