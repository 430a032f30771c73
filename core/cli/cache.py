# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy cache`: see, check, bound, share and delete what is kept."""

import argparse
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

from ..cache.base.key import Key
from ..cache.maintenance.import_export import export, import_into
from ..cache.maintenance.statistics import Share, folder_facts, statistics
from ..cache.maintenance.verify import Verified, verify_folder
from ..cache.shared.lease_folder import LEASE_FOLDER, sweep
from ..cache.shared.redis_store import RedisStore
from ..cache.stores.encryption import SealedStore
from ..cache.stores.local import PackFolder
from ..errors import CacheError
from ..reporting.quoting import quote
from .cache_locations import Place, open_places, require_no_trouble, the_seal, the_signature
from .output import show
from .purge import purge

_DAY = 86400.0
_DEAD_LEASE_SECONDS = _DAY
_HASH = re.compile(r"[0-9a-f]{64}")
_CLIPS_SHOWN = 12
_NAME_SHOWN = 60


def run(arguments: argparse.Namespace) -> bool:
    """Do the action that the arguments of `cli_cache_arguments.add_cache` name; return whether all is well.

    Raises UnderstudyError if it can't be done.
    """
    faults: list[str] = []
    places = list(open_places(arguments, faults))
    actions: dict[str, Callable[[argparse.Namespace, list[Place]], bool]] = {
        "stats": _stats,
        "verify": _verify,
        "gc": _gc,
        "purge": purge,
        "export": _export,
        "import": _import,
    }
    try:
        well = actions[arguments.action](arguments, places)
    finally:
        for place in places:
            place.store.close()
    if faults:
        raise CacheError("; ".join(faults))
    return well


def _stats(arguments: argparse.Namespace, places: list[Place]) -> bool:
    told = []
    for place in places:
        found = statistics(place.store)
        if isinstance(place.store, RedisStore):  # one that could not be looked through
            require_no_trouble(place)
        facts = folder_facts(place.store.root) if isinstance(place.store, PackFolder) else None
        used = facts and facts.uses
        on_disk, layers = (facts.bytes_on_disk, facts.layer_bytes) if facts else (None, None)
        more = {"bytes_on_disk": on_disk, "layer_bytes": layers, "uses": used and vars(used)}
        told.append({"place": place.name, **found.as_dict(), **more})
        if arguments.json:
            continue
        if len(places) > 1:
            show(place.name)
        for stage, share in sorted(found.stages.items()):
            _row(stage, share)
        _row("all", found.total)
        if found.total.entries:
            clips = sorted(found.clips.items(), key=lambda item: -item[1].payload_bytes)
            for clip, share in clips[:_CLIPS_SHOWN]:
                _row(f"clip {clip[:12]}", share)
            for age, share in found.ages.items():
                _row(f"age {age}", share)
            show(f"{'on disk':<18} {'':>8} {(on_disk or found.total.payload_bytes) / 1e6:>10.1f} MB")
        if layers:
            show(f"{'layer pictures':<18} {'':>8} {layers / 1e6:>10.1f} MB")
        if used and found.total.entries:
            since = datetime.fromtimestamp(used.since, UTC).date()
            show(f"runs {used.runs}: {used.hits} hits, {used.misses} misses, {used.puts} puts since {since}")
    if arguments.json:
        print(json.dumps({"places": told}, indent=2))
    return True


def _row(name: str, share: Share) -> None:
    show(f"{quote(name, _NAME_SHOWN):<18} {share.entries:>8} {share.payload_bytes / 1e6:>10.1f} MB")


def _verify(arguments: argparse.Namespace, places: list[Place]) -> bool:  # noqa: ARG001
    all_sound = True
    for place in places:
        found = _verified(place)
        show(f"{place.name}: {found.sound} results are sound, {found.damaged} damaged")
        all_sound &= not found.damaged
        require_no_trouble(place)
    if not all_sound:
        show("what is damaged is never used; it is computed again when it is needed")
    return all_sound


def _verified(place: Place) -> Verified:
    if isinstance(place.store, PackFolder):
        try:
            return verify_folder(place.store.root)
        except OSError as error:
            raise CacheError(f"can't read {place.name}: {error.strerror}; check its permissions") from error
    found = [place.store.get(Key(entry.text)) is not None for entry in place.store.entries()]
    return Verified(sum(found), max(len(found) - sum(found), place.store.counts.corrupt))


def _gc(arguments: argparse.Namespace, places: list[Place]) -> bool:
    folder = places[0].store
    if not isinstance(folder, PackFolder):  # the first place always is
        return False
    age = arguments.unused_for
    done = folder.tidy(arguments.cap, None if age is None else age * _DAY)
    swept = sweep(folder.root / LEASE_FOLDER, _DEAD_LEASE_SECONDS)
    require_no_trouble(places[0])
    if done is None:
        show(f"another program tidies {places[0].name} already")
        return True
    show(
        f"{(done.before - done.after) / 1e6:.1f} MB freed, {done.after / 1e6:.1f} MB kept: "
        f"{done.evicted_records} results dropped, {done.merged_packs} small packs merged, {swept} dead leases removed"
    )
    return True


def _export(arguments: argparse.Namespace, places: list[Place]) -> bool:
    folder = places[0].store
    done = export(folder.entries(), SealedStore(folder, the_seal(), the_signature()), arguments.folder)
    show(
        f"{done.copied} results written to {arguments.folder}, {done.left_out} left out (damaged, sealed or not signed)"
    )
    return True


def _import(arguments: argparse.Namespace, places: list[Place]) -> bool:
    done = import_into(SealedStore(places[0].store, the_seal(), the_signature()), arguments.folder)
    require_no_trouble(places[0])
    show(
        f"{done.copied} results taken in from {arguments.folder}, {done.left_out} left out (not what they say)"
    )
    return True
