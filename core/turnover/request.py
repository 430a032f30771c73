# SPDX-License-Identifier: GPL-3.0-or-later
"""What a turnover of a clip that an editor has is to be, as plain values that can be handed to another process."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import MessageError
from ..layers.job import get_by_id, request_from, request_values
from ..media.source import ClipSource
from ..recipe import messages
from ..recipe.clip_swap import ClipSwap, RequestRange
from ..recipe.request import SwapRequest

_MAX_RATE_CHARACTERS = 40


@dataclass(frozen=True)
class TurnoverRequest:
    """A turnover that is asked for.

    Attributes
    ----------
    source : ClipSource
        The files of the clip.
    swaps : tuple of ClipSwap
        Who replaces whom, each swap with its first frame and its last.
    folder : pathlib.Path
        Where its files go.
    first, last : int
        Its frames, counted from 0; frames that the clip does not have are left out.
    fps : str
        The frame rate of images; empty where the clip says its own.
    marks_files : bool
        Whether files are marked where the environment says nothing of it.
    """

    source: ClipSource
    swaps: tuple[ClipSwap, ...]
    folder: Path
    first: int
    last: int
    fps: str = ""
    marks_files: bool = True


def turnover_request_values(request: TurnoverRequest) -> dict[str, Any]:
    """Return a request as values for JSON, without its clip. What several frames ask for is there once."""
    numbers: dict[SwapRequest, int] = {}
    for swap in request.swaps:
        for entry in swap.requests:
            numbers.setdefault(entry, len(numbers))

    def values(part: RequestRange) -> list[int | None]:
        return [numbers[part.request], part.first, part.last]

    return {
        "requests": [request_values(entry) for entry in numbers],
        "swaps": [[values(part) for part in (swap.span, *swap.ranges)] for swap in request.swaps],
        "folder": str(request.folder),
        "first": request.first,
        "last": request.last,
        "fps": request.fps,
        "marks": request.marks_files,
    }


def turnover_request_from(values: Mapping[str, Any], source: ClipSource) -> TurnoverRequest:
    """Return what `turnover_request_values` was given, of a clip. Raises MessageError, RecipeError."""
    given = messages.entries(values, "requests", "swaps", "folder", "first", "last", "fps", "marks")
    requests = dict(enumerate(messages.listing(given["requests"], request_from)))

    def span_from(part: object) -> RequestRange:
        numbers = messages.listing(part, messages.frame_number, 3)
        if len(numbers) != 3 or numbers[1] > numbers[2]:
            raise MessageError("a range of a turnover is a request, a first frame and a last")
        return RequestRange(get_by_id(requests, numbers[0], "request"), *numbers[1:])

    def swap_from(parts: object) -> ClipSwap:
        spans = messages.listing(parts, span_from)
        if not spans:
            raise MessageError("a swap has a range")
        return ClipSwap(spans[0], spans[1:])

    swaps = messages.listing(given["swaps"], swap_from)
    if not swaps:
        raise MessageError("a turnover has a swap")
    first = messages.frame_number(given["first"])
    return TurnoverRequest(
        source,
        swaps,
        messages.path(given["folder"]),
        first,
        messages.frame_number(given["last"], first),
        messages.text(given["fps"], _MAX_RATE_CHARACTERS),
        messages.flag(given["marks"]),
    )
