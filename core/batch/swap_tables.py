# SPDX-License-Identifier: GPL-3.0-or-later
"""The `[[swap]]` tables of a file: several people of one clip, each replaced by another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from ..errors import UnderstudyError
from ..export.inputs import face_images
from ..recipe import Recipe, initial_recipe, with_settings
from ..recipe.clip_swap import ClipSwap, RequestRange
from ..recipe.request import FaceImage, Identity, SwapRequest
from .patterns import Person, find_person
from .tables import Table, read_table

_SWAP_NAMES = ("face", "face-number", "replace", "set", "start", "end", "consent", "range")
_RANGE_NAMES = ("start", "end", "set")


@dataclass(frozen=True)
class SwapDefaults:
    """What is said for all swaps at once.

    Attributes
    ----------
    settings : tuple of str
        Settings that a swap's own come after, such as "fusion.blend=0.6".
    overrides : tuple of str
        Settings that come after a swap's own.
    consent : str
        By what right the likenesses are used, where a swap does not say it.
    consent_override : str
        By what right they are used, whatever a swap says; empty where that counts.
    """

    settings: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    consent: str = ""
    consent_override: str = ""

    def recipe(self, own: Sequence[str], *, by_image: bool) -> Recipe:
        """Return a recipe with a swap's `own` settings; `by_image` where images say who is replaced. RecipeError."""
        reference = ["select.which=reference"] if by_image else []
        return with_settings(initial_recipe(), [*reference, *self.settings, *own, *self.overrides])


def person_request(
    person: Person, references: tuple[FaceImage, ...], own: Sequence[str], defaults: SwapDefaults
) -> SwapRequest:
    """Return what is asked for where one person replaces those who are meant. Raises FaceImageError, RecipeError."""
    images = face_images(list(person.images), list(person.face_numbers))
    recipe = defaults.recipe(own, by_image=bool(references))
    consent = defaults.consent_override or defaults.consent
    return SwapRequest(Identity(images, person.name, consent), recipe, references)


def read_swap_file(path: Path, defaults: SwapDefaults) -> tuple[ClipSwap, ...]:
    """Return the swaps of a file that holds nothing else. Raises BatchError, FaceImageError, RecipeError."""
    table = read_table(path)
    table.require_known(("swap",))
    tables = table.tables("swap")
    if not tables:
        raise table.fault("there is no swap in it: write [[swap]] and a line such as face = 'person.jpg'")
    return read_swaps(tables, defaults)


def read_swaps(tables: Sequence[Table], defaults: SwapDefaults) -> tuple[ClipSwap, ...]:
    """Return the swaps of `[[swap]]` tables.

    Parameters
    ----------
    tables : sequence of Table
        The tables.
    defaults : SwapDefaults
        What is said for all of them.

    Returns
    -------
    tuple of ClipSwap
        The swaps, in their order.

    Raises
    ------
    BatchError
        A table is not what it should be; the message names it and the fix.
    """
    return tuple(_read_swap(table, defaults) for table in tables)


def _read_swap(table: Table, defaults: SwapDefaults) -> ClipSwap:
    table.require_known(_SWAP_NAMES)
    if "consent" in table:
        defaults = replace(defaults, consent=table.text("consent"))
    own = table.settings()
    parts = table.tables("range")
    for part in parts:
        part.require_known(_RANGE_NAMES)
        if not part.settings():
            raise part.fault("it sets nothing: write what differs, such as set = ['fusion.blend=0.5']")
    try:
        person = find_person(table.paths("face"), table.counts("face-number"))
        references = face_images(table.paths("replace"), [])
        request = person_request(person, references, own, defaults)
        ranges = [
            _read_span(part, person_request(person, references, [*own, *part.settings()], defaults))
            for part in parts
        ]
    except UnderstudyError as error:
        raise error if str(error).startswith(table.name) else table.fault(str(error)) from error
    _require_apart(table, ranges)
    return ClipSwap(_read_span(table, request), tuple(ranges))


def _read_span(table: Table, request: SwapRequest) -> RequestRange:
    first = table.count("start") if "start" in table else 0
    last = table.count("end") if "end" in table else None
    if last is not None and first > last:
        raise table.fault(f"start {first} comes after end {last}: give them in their order")
    return RequestRange(request, first, last)


def _require_apart(table: Table, ranges: Sequence[RequestRange]) -> None:
    ordered = sorted(ranges, key=lambda part: part.first)
    for one, other in pairwise(ordered):
        if one.last is None or other.first <= one.last:
            raise table.fault(f"frame {other.first} is in two ranges: end one before the other starts")
