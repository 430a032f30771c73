# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sheet is to show, as plain values that can be handed to another process."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import MessageError
from ..layers.job import request_from, request_values
from ..media.source import ClipSource
from ..recipe import messages
from .sheet import Variant, Wedge

MAX_VARIANTS = 64
MAX_COLUMNS = 24
_MAX_VALUES = 64
_MAX_WEDGES = 2
_MIN_SIDE_PIXELS, _MAX_SIDE_PIXELS = 64, 1024


@dataclass(frozen=True)
class SheetRequest:
    """What a sheet shows, and where it is written.

    Attributes
    ----------
    source : ClipSource
        The files of the clip.
    variants : tuple of Variant
        The ways of swapping, see `Sheet`.
    wedges : tuple of Wedge
        None, one or two.
    first, last : int
        The frames to choose from, counted from 0; frames that the clip does not have are left out.
    columns : int
        How many of them are chosen. All of them where there are no more: then nothing is looked for.
    side : int
        The side of a cell in pixels.
    path : pathlib.Path
        The image's file, `.png`. The page has the same name and ends in `.html`.
    """

    source: ClipSource
    variants: tuple[Variant, ...]
    wedges: tuple[Wedge, ...]
    first: int
    last: int
    columns: int
    side: int
    path: Path


def sheet_request_values(request: SheetRequest) -> dict[str, Any]:
    """Return a request as values for JSON, without its clip."""
    return {
        "variants": [
            {
                "name": variant.name,
                "request": request_values(variant.request),
                "values": list(variant.values),
                "fault": variant.fault,
            }
            for variant in request.variants
        ],
        "wedges": [
            {"path": wedge.path, "label": wedge.label, "values": list(wedge.values)}
            for wedge in request.wedges
        ],
        "first": request.first,
        "last": request.last,
        "columns": request.columns,
        "side": request.side,
        "picture": str(request.path),
    }


def sheet_request_from(values: Mapping[str, Any], source: ClipSource) -> SheetRequest:
    """Return what `sheet_request_values` was given, of a clip. Raises MessageError, RecipeError."""
    given = messages.entries(values, "variants", "wedges", "first", "last", "columns", "side", "picture")
    variants = messages.listing(given["variants"], _variant_from, MAX_VARIANTS)
    wedges = messages.listing(given["wedges"], _wedge_from, _MAX_WEDGES)
    count = 1
    for wedge in wedges:
        count *= len(wedge.values)
    if not variants or (wedges and count != len(variants)):
        raise MessageError("a sheet has a variant for each pair of values, and one at least")
    if any(len(variant.values) != len(wedges) for variant in variants):
        raise MessageError("a variant has a value of each wedge")
    first = messages.frame_number(given["first"])
    path = messages.path(given["picture"])
    if path.suffix != ".png":
        raise MessageError("a sheet's image ends in .png")
    return SheetRequest(
        source,
        variants,
        wedges,
        first,
        messages.frame_number(given["last"], first),
        messages.integer(given["columns"], 1, MAX_COLUMNS),
        messages.integer(given["side"], _MIN_SIDE_PIXELS, _MAX_SIDE_PIXELS),
        path,
    )


def _variant_from(values: object) -> Variant:
    given = messages.entries(values, "name", "request", "values", "fault")
    texts = messages.listing(given["values"], messages.text, _MAX_WEDGES)
    request, fault = request_from(given["request"]), messages.text(given["fault"])
    return Variant(messages.text(given["name"]), request, texts, fault)


def _wedge_from(values: object) -> Wedge:
    given = messages.entries(values, "path", "label", "values")
    texts = messages.listing(given["values"], messages.text, _MAX_VALUES)
    return Wedge(messages.text(given["path"]), messages.text(given["label"]), texts)
