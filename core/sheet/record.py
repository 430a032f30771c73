# SPDX-License-Identifier: GPL-3.0-or-later
"""A sheet as plain values, for programs."""

from ..export.provenance import changed_settings
from ..media.file_status import file_fingerprint
from ..system.version import program_name
from .sheet import Cell, Cost, Sheet, Variant


def sheet_record(sheet: Sheet) -> dict[str, object]:
    """Return a sheet as plain values for JSON; people are told by the hashes of their images. ClipError.

    `frames` are the columns, `takes` the variants, `cells` everything that was made. A cell's `take` is a place in
    `takes`, or None for the original; `state` is changed, unchanged or failed, and `fault` says why.
    """
    rows = [(None, sheet.originals), *enumerate(sheet.cells)]
    return {
        "composite": sheet.is_composite,
        "made_by": program_name(),
        "clip": sheet.clip,
        "frames": [{"frame": frame.number, "reason": frame.reason} for frame in sheet.frames],
        "wedges": [{"setting": wedge.path, "values": list(wedge.values)} for wedge in sheet.wedges],
        "takes": [
            _take_record(sheet, variant, cost)
            for variant, cost in zip(sheet.variants, sheet.source_costs, strict=True)
        ],
        "cells": [_cell_record(take, cell) for take, cells in rows for cell in cells],
        "scan": sheet.scan_cost.as_dict(),
    }


def _take_record(sheet: Sheet, variant: Variant, cost: Cost) -> dict[str, object]:
    values = zip(sheet.wedges, variant.values, strict=True)
    return {
        "name": variant.name,
        "pictures": [file_fingerprint(image.path) for image in variant.request.identity.images],
        "values": {wedge.path: value for wedge, value in values},
        "recipe": changed_settings(variant.request.recipe),
        "sources": cost.as_dict(),
    }


def _cell_record(take: int | None, cell: Cell) -> dict[str, object]:
    return {
        "take": take,
        "frame": cell.number,
        "state": cell.state,
        "fault": cell.fault,
        **cell.cost.as_dict(),
    }
