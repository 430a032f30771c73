# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that `--corrections` names: frames that a person looked at, and what is to be done there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..cache.base.key import Scalar
from ..errors import BatchError, RecipeError, os_error_reason
from ..filesystem import read_input
from ..recipe.clip_swap import ClipSwap
from ..recipe.frame_ranges import MAX_RANGES, Dismissal, Exclusion, Hold, validate_exclusion
from ..recipe.landmark_edits import LandmarkEdit
from ..recipe.redetection import Redetection, make_redetection
from ..recipe.request import SwapRequest
from ..recipe.roto_text import JsonConstantError, refuse_constant
from .landmark_table import read_landmark_edits
from .tables import Table

_MAX_FILE_BYTES = 1 << 20
_MAX_FRAME = 10**9 - 1
_FILE_NAMES = ("ranges", "landmarks")
_RANGE_NAMES = ("kind", "first", "last", "fade", "settings")
_KINDS = {"exclude": "fade", "hold": "", "redetect": "settings", "dismiss": ""}
"""The kinds of ranges, and what one has besides its frames."""


@dataclass(frozen=True)
class Corrections:
    """What is to be done in ranges of frames.

    Attributes
    ----------
    exclusions : tuple of Exclusion
        Ranges that keep the original face.
    holds : tuple of Hold
        Ranges whose points are carried over from the frames around them.
    landmark_edits : tuple of LandmarkEdit
        Corrections of faces' landmarks.
    redetections : tuple of Redetection
        Ranges in which faces are looked for with other settings.
    dismissals : tuple of Dismissal
        Ranges that a scan does not flag.
    """

    exclusions: tuple[Exclusion, ...]
    holds: tuple[Hold, ...]
    landmark_edits: tuple[LandmarkEdit, ...] = ()
    redetections: tuple[Redetection, ...] = ()
    dismissals: tuple[Dismissal, ...] = ()

    def correct(self, request: SwapRequest) -> SwapRequest:
        """Return a request with these ranges and corrections."""
        return replace(
            request,
            exclusions=self.exclusions,
            holds=self.holds,
            landmark_edits=self.landmark_edits,
            redetections=self.redetections,
            dismissals=self.dismissals,
        )


def read_corrections(path: Path) -> Corrections:
    """Return the ranges of a file of corrections.

    It is a JSON object such as `{"ranges": [{"kind": "exclude", "first": 74, "last": 86, "fade": 4}]}`, with frames
    of the clip counted from 0, the last one included; `fade` may be left out. Other kinds are `hold` and `dismiss`,
    without a fade, and `redetect`, with an object `settings` of parameters such as `{"detect.score": 0.3}`.
    A list `landmarks` may be beside the ranges, or alone: see `read_landmark_edits`.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    Corrections
        Its ranges and its corrections of landmarks, each kind in their order.

    Raises
    ------
    BatchError
        It can't be read, or is not what it should be; the message names the range and the fix.
    """
    table = Table(_read_object(path), path.name, path.parent)
    table.require_known(_FILE_NAMES)
    ranges = table.values.get("ranges", [] if "landmarks" in table else None)
    if not isinstance(ranges, list) or not all(isinstance(entry, dict) for entry in ranges):
        raise table.fault('there is no list of ranges: write {"ranges": [{"kind": "exclude", ...}]}')
    if len(ranges) > MAX_RANGES:
        raise table.fault(f"it has {len(ranges)} ranges: give {MAX_RANGES} at most")
    listed = [
        _read_range(Table(entry, f"{path.name}, range {number}", path.parent))
        for number, entry in enumerate(ranges, 1)
    ]
    return Corrections(
        tuple(entry for entry in listed if isinstance(entry, Exclusion)),
        tuple(entry for entry in listed if isinstance(entry, Hold)),
        read_landmark_edits(table),
        tuple(entry for entry in listed if isinstance(entry, Redetection)),
        tuple(entry for entry in listed if isinstance(entry, Dismissal)),
    )


def correct_swaps(swaps: Sequence[ClipSwap], corrections: Corrections) -> tuple[ClipSwap, ...]:
    """Return swaps with the ranges of `corrections`, whoever is replaced there."""
    return tuple(swap.with_requests(corrections.correct) for swap in swaps)


def _read_range(table: Table) -> Exclusion | Hold | Redetection | Dismissal:
    table.require_known(_RANGE_NAMES)
    for name in ("kind", "first", "last"):
        if name not in table:
            raise table.fault(f"{name} is missing: write kind, first and last")
    kind = table.choice("kind", tuple(_KINDS))
    for name in ("fade", "settings"):
        if name in table and name != _KINDS[kind]:
            article = "an" if kind == "exclude" else "a"
            raise table.fault(f"{article} {kind} has no {name}: leave it out")
    first, last = (table.count(name, _MAX_FRAME) for name in ("first", "last"))
    try:
        if kind == "hold":
            return Hold(first, last).require_order()
        if kind == "dismiss":
            return Dismissal(first, last).require_order()
        if kind == "redetect":
            return make_redetection(first, last, _read_settings(table))
        return validate_exclusion(Exclusion(first, last, table.count("fade") if "fade" in table else 0))
    except RecipeError as error:
        raise table.fault(str(error)) from error


def _read_settings(table: Table) -> Mapping[str, Scalar]:
    settings = table.values.get("settings")
    if not isinstance(settings, dict) or not all(
        isinstance(value, str | int | float) for value in settings.values()
    ):
        raise table.fault('settings are missing: write "settings": {"detect.score": 0.3}')
    return settings


def _read_object(path: Path) -> Mapping[str, object]:
    try:
        data = read_input(path, _MAX_FILE_BYTES)
    except OSError as error:
        raise BatchError(f"can't read {path}: {os_error_reason(error).lower()}; check the path") from error
    try:
        values = json.loads(data.decode("utf-8-sig"), parse_constant=refuse_constant)
    except UnicodeDecodeError as error:
        raise BatchError(f"{path} is not UTF-8; save it as UTF-8") from error
    except json.JSONDecodeError as error:
        raise BatchError(
            f"{path} is not JSON: {error.msg} in line {error.lineno}; correct it there"
        ) from error
    except JsonConstantError as error:
        raise BatchError(
            f"{path} can't be read as JSON with {error} in it: write a number in its place"
        ) from error
    except (RecursionError, ValueError) as error:  # nested too deeply; a number of too many digits
        raise BatchError(f"{path} can't be read as JSON: make it simpler") from error
    if not isinstance(values, dict):
        raise BatchError(f'{path} is no JSON object: write {{"ranges": [...]}}')
    return values
