# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy cache purge`: delete results and layer pictures, and look again that nothing is left."""

import argparse
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from ..cache.base.key import Key
from ..cache.maintenance.lineage import coming_from, walk
from ..cache.removal.dependents import Kept
from ..cache.stores.local import PackFolder
from ..errors import CacheError, OutputError
from ..layers.blanking import blank_layers
from ..media.clip import frame_id
from ..media.image_clip import PictureClip, is_picture
from ..sessions.purge import forget_runs, require_nothing_left
from ..sessions.settings import READ_ONLY_VARIABLE
from .cache_locations import Place, access, open_places, require_no_trouble
from .inputs import opened_clip
from .output import show

_DAY = 86400.0
_HASH = re.compile(r"[0-9a-f]{64}")


def purge(arguments: argparse.Namespace, places: list[Place]) -> bool:
    """Delete what the arguments name from every place; True once nothing of it is left.

    Raises CacheError or OutputError that says what could not be deleted.
    """
    if arguments.all:
        return _purged(arguments, places, None)
    if arguments.older_than is not None:
        moment = time.time() - arguments.older_than * _DAY
        old = {
            Key(kept.entry.text).digest
            for place in places
            for kept in walk(place.store)
            if kept.entry.written < moment
        }
        return _purged(arguments, places, lambda text: Key(text).digest in old, moment)

    def entries() -> Iterator[Kept]:
        for place in places:
            yield from walk(place.store)

    matches, lost = coming_from(entries, _seeds(arguments))
    if lost:
        show(f"{lost} results can't be traced to any clip or picture: they are deleted as well")
    return _purged(arguments, places, matches)


def _blank(place: Place, made_before: float | None = None) -> None:
    """Take the faces out of layer pictures: of all, since none says whose they are."""
    if not isinstance(place.store, PackFolder):
        return
    blanked = blank_layers(place.store.root, made_before, access())
    if blanked.pictures:
        show(f"{blanked.pictures} layer pictures in {place.name} made transparent: a render makes them again")
    if blanked.leftovers:
        show(f"{blanked.leftovers} unfinished layer pictures in {place.name} deleted")
    if blanked.foreign:
        show(f"{blanked.foreign} files among the layer pictures in {place.name} are not ours: they are left")
    if blanked.rewritten:
        raise CacheError(
            f"{blanked.rewritten} layer pictures in {place.name} were written again meanwhile: "
            "end what writes there, then purge again"
        )


def _purged(
    arguments: argparse.Namespace,
    places: list[Place],
    matches: Callable[[str], bool] | None,
    made_before: float | None = None,
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
        steps = [partial(_purge_place, place, matches), partial(_blank, place, made_before)]
        for step in steps:
            try:
                step()
            except (CacheError, OutputError) as error:
                faults.append(str(error))
    if faults:
        raise CacheError("; ".join(dict.fromkeys(faults)))
    return _nothing_left(arguments, matches or (lambda _: True))


def _purge_place(place: Place, matches: Callable[[str], bool] | None) -> None:
    freed = place.store.purge(matches)
    require_no_trouble(place)
    show(f"{freed / 1e6:.1f} MB ({freed} bytes) deleted from {place.name}")
    if matches is None and isinstance(place.store, PackFolder):
        forget_runs(place.store.root)


def _nothing_left(arguments: argparse.Namespace, matches: Callable[[str], bool]) -> bool:
    """Open every place anew and look for what should be gone."""
    for place in open_places(arguments, []):  # what can't be opened was said before
        with closing(place.store):
            left = sum(matches(entry.text) for entry in place.store.entries())
            require_no_trouble(place)
            if arguments.all and isinstance(place.store, PackFolder):
                require_nothing_left(place.store.root)
        if left:
            raise CacheError(
                f"{left} results are still in {place.name}: end what writes there, then purge again"
            )
        show(f"{place.name}: looked through again, nothing of it is left")
    return True


def _seeds(arguments: argparse.Namespace) -> set[str]:
    """Return the ids that the clip or pictures to be purged are known by."""
    if arguments.clip is not None:
        path = arguments.clip
        movie = path.is_file() and not is_picture(path)
        with opened_clip(path, None if movie else "25")[0] as clip:
            return {clip.clip_id}
    seeds: set[str] = set()
    for text in arguments.picture:
        if _HASH.fullmatch(text):
            seeds.add(text)
            continue
        with PictureClip([Path(text)], "picture") as picture:
            # The pixels too: another file with the same ones shares its results.
            seeds |= {picture.clip_id, frame_id(picture.read(0))}
    return seeds
