# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy cache purge`: delete results and layer images, and look again that nothing is left."""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeAlias

from ..cache.base.key import SHA256_HEX, Key
from ..cache.maintenance.lineage import derived_from, walk_entries
from ..cache.removal.dependents import CacheEntry
from ..cache.stores.local import PackStore
from ..errors import CacheError, ClipError, OutputError
from ..export.inputs import open_named_clip, require_input
from ..layers.blanking import blank_layers
from ..reporting.layer_outcomes import pluralise
from ..reporting.quoting import quote
from ..sessions.purge import forget_runs, image_roots, require_nothing_left
from ..sessions.settings import READ_ONLY_VARIABLE
from ..sheet.purge import (
    SHEETS_FOLDER,
    SheetPurge,
    purge_all_sheets,
    purge_sheets_of_clip,
    purge_sheets_of_people,
)
from ..units import DAY_SECONDS
from .cache_locations import CachePlace, access_from_environment, open_places, require_no_warnings
from .output import show

_PurgeSheets: TypeAlias = Callable[[Path], SheetPurge]


def purge(arguments: argparse.Namespace, places: list[CachePlace]) -> bool:
    """Delete what the arguments name from every place; True once nothing of it is left.

    Raises CacheError or OutputError that says what could not be deleted.
    """
    if arguments.all:
        return _purge_places(arguments, places, None, purge_sheets=purge_all_sheets)
    if arguments.older_than is not None:
        moment = time.time() - arguments.older_than * DAY_SECONDS
        old = {
            Key(kept.info.text).digest
            for place in places
            for kept in walk_entries(place.store)
            if kept.info.written_at < moment
        }
        return _purge_places(arguments, places, lambda text: Key(text).digest in old, moment)

    def entries() -> Iterator[CacheEntry]:
        for place in places:
            yield from walk_entries(place.store)

    roots = _root_ids(arguments)
    matches, lost = derived_from(entries, roots)
    if lost:
        show(f"{lost} results can't be traced to any clip or image: they are deleted as well")
    if arguments.clip is not None:
        purge_sheets: _PurgeSheets = partial(purge_sheets_of_clip, clip_name=arguments.clip.name)
    else:
        purge_sheets = partial(purge_sheets_of_people, hashes=roots)
    is_gone = _purge_places(arguments, places, matches, purge_sheets=purge_sheets)
    if arguments.picture:
        images = " ".join(f"--picture {root}" for root in sorted(roots))
        show(f"outputs with this person stay; to list them: understudy consent outputs {images} FOLDER")
    return is_gone


def _blank_place(place: CachePlace, before_timestamp: float | None = None) -> None:
    """Take the faces out of layer images: of all, since none says whose they are."""
    if not isinstance(place.store, PackStore):
        return
    blanked = blank_layers(place.store.root, before_timestamp, access_from_environment())
    if blanked.layers:
        show(f"{blanked.layers} layer images in {place.name} made transparent: a render makes them again")
    if blanked.leftovers:
        show(f"{blanked.leftovers} unfinished layer images in {place.name} deleted")
    if blanked.foreign:
        show(
            f"{blanked.foreign} files among the layer images in {place.name} are not Understudy's: they are not changed"
        )
    if blanked.rewrites:
        raise CacheError(
            f"{blanked.rewrites} layer images in {place.name} were written again during the purge: "
            "stop the process that writes there, then purge again"
        )


def _purge_places(
    arguments: argparse.Namespace,
    places: list[CachePlace],
    matches: Callable[[str], bool] | None,
    before_timestamp: float | None = None,
    purge_sheets: _PurgeSheets | None = None,
) -> bool:
    """Purge every place of what matches, of everything for None; what fails in one keeps no other from it."""
    faults: list[str] = []
    for place in places:
        if place.read_only:
            faults.append(
                f"{place.name} is not changed: {READ_ONLY_VARIABLE} says that this machine only reads it; "
                "purge it from one that may write there"
            )
            continue
        steps = [partial(_purge_place, place, matches), partial(_blank_place, place, before_timestamp)]
        if purge_sheets is not None:
            steps.append(partial(_purge_sheets_beside, place, purge_sheets))
        for step in steps:
            try:
                step()
            except (CacheError, OutputError) as error:
                faults.append(str(error))
    if faults:
        raise CacheError("; ".join(dict.fromkeys(faults)))
    return _verify_purge(arguments, matches or (lambda _: True))


def _purge_sheets_beside(place: CachePlace, purge_sheets: _PurgeSheets) -> None:
    """Delete sheets that an editor made with a cache folder: they lie beside it."""
    if not isinstance(place.store, PackStore):
        return
    folder = place.store.root.parent / SHEETS_FOLDER
    done = purge_sheets(folder)
    if done.removed:
        show(f"{pluralise(len(done.removed), 'file')} of sheets deleted from {quote(folder)}")
    if done.unlabeled:
        show(
            f"{pluralise(done.unlabeled, 'sheet')} of an earlier version left in {quote(folder)}: look at them"
        )


def _purge_place(place: CachePlace, matches: Callable[[str], bool] | None) -> None:
    freed = place.store.purge(matches)
    require_no_warnings(place)
    show(f"{freed / 1e6:.1f} MB ({freed} bytes) deleted from {place.name}")
    if matches is None and isinstance(place.store, PackStore):
        forget_runs(place.store.root)


def _verify_purge(arguments: argparse.Namespace, matches: Callable[[str], bool]) -> bool:
    """Open every place anew and look for what should be gone."""
    for place in open_places(arguments, []):  # what can't be opened was said before
        with closing(place.store):
            left = sum(matches(entry.text) for entry in place.store.entries())
            require_no_warnings(place)
            if arguments.all and isinstance(place.store, PackStore):
                require_nothing_left(place.store.root)
        if left:
            raise CacheError(
                f"{left} results are still in {place.name}: stop the process that writes there, then purge again"
            )
        show(f"{place.name}: checked again, nothing is left")
    return True


def _root_ids(arguments: argparse.Namespace) -> set[str]:
    """Return the ids that the clip or images to be purged are known by."""
    if arguments.clip is not None:
        path = arguments.clip
        with open_named_clip(path).clip as clip:
            return {clip.clip_id}
    seeds: set[str] = set()
    for text in arguments.picture:
        if SHA256_HEX.fullmatch(text):
            seeds.add(text)
            continue
        require_input(Path(text), "image", ClipError)
        seeds |= image_roots([Path(text)])
    return seeds
