# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy cache`: see, check, bound, share and delete what is kept."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime

from ..cache.base.key import Key
from ..cache.maintenance.import_export import export, import_into
from ..cache.maintenance.statistics import Share, folder_summary, statistics
from ..cache.maintenance.verify import VerificationReport, verify_folder
from ..cache.shared.lease_folder import LEASE_FOLDER, remove_stale_leases
from ..cache.shared.redis_store import RedisStore
from ..cache.stores.encryption import EncryptedStore
from ..cache.stores.local import PackStore
from ..errors import CacheError
from ..reporting.quoting import quote
from ..units import DAY_SECONDS
from .cache_locations import (
    CachePlace,
    encryption_from_environment,
    open_places,
    require_no_warnings,
    signature_from_environment,
)
from .output import show, show_json
from .purge import purge

_DEAD_LEASE_SECONDS = DAY_SECONDS
_MAX_CLIP_ROWS = 12
_MAX_NAME_CHARACTERS = 60


def run(arguments: argparse.Namespace) -> bool:
    """Do the action that the arguments of `cache_arguments.add_cache` name; return whether all is well.

    Raises UnderstudyError if it can't be done.
    """
    faults: list[str] = []
    places = list(open_places(arguments, faults))
    actions: dict[str, Callable[[argparse.Namespace, list[CachePlace]], bool]] = {
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


def _stats(arguments: argparse.Namespace, places: list[CachePlace]) -> bool:
    reports = []
    for place in places:
        stats = statistics(place.store)
        if isinstance(place.store, RedisStore):  # one that could not be looked through
            require_no_warnings(place)
        facts = folder_summary(place.store.root) if isinstance(place.store, PackStore) else None
        used = facts and facts.usage
        on_disk, layers = (facts.bytes_on_disk, facts.layer_bytes) if facts else (None, None)
        more = {"bytes_on_disk": on_disk, "layer_bytes": layers, "uses": used and vars(used)}
        reports.append({"place": place.name, **stats.as_dict(), **more})
        if arguments.json:
            continue
        if len(places) > 1:
            show(place.name)
        for stage, share in sorted(stats.stages.items()):
            _print_row(stage, share)
        _print_row("all", stats.total)
        if stats.total.entries:
            clips = sorted(stats.clips.items(), key=lambda item: -item[1].payload_bytes)
            for clip, share in clips[:_MAX_CLIP_ROWS]:
                _print_row(f"{'image' if clip in stats.images else 'clip'} {clip[:12]}", share)
            for age, share in stats.ages.items():
                _print_row(f"age {age}", share)
            show(f"{'on disk':<18} {'':>8} {(on_disk or stats.total.payload_bytes) / 1e6:>10.1f} MB")
        if layers:
            show(f"{'layer images':<18} {'':>8} {layers / 1e6:>10.1f} MB")
        if used and stats.total.entries:
            since = datetime.fromtimestamp(used.since, UTC).date()
            show(f"runs {used.runs}: {used.hits} hits, {used.misses} misses, {used.puts} puts since {since}")
    if arguments.json:
        show_json({"places": reports})
    return True


def _print_row(name: str, share: Share) -> None:
    show(f"{quote(name, _MAX_NAME_CHARACTERS):<18} {share.entries:>8} {share.payload_bytes / 1e6:>10.1f} MB")


def _verify(arguments: argparse.Namespace, places: list[CachePlace]) -> bool:  # noqa: ARG001
    all_sound = True
    for place in places:
        report = _verify_place(place)
        show(f"{place.name}: {report.sound} results are sound, {report.damaged} damaged")
        all_sound &= not report.damaged
        require_no_warnings(place)
    if not all_sound:
        show("damaged results are never used; they are computed again when needed")
    return all_sound


def _verify_place(place: CachePlace) -> VerificationReport:
    if isinstance(place.store, PackStore):
        try:
            return verify_folder(place.store.root)
        except OSError as error:
            raise CacheError(f"can't read {place.name}: {error.strerror}; check its permissions") from error
    checks = [place.store.get(Key(entry.text)) is not None for entry in place.store.entries()]
    return VerificationReport(sum(checks), max(len(checks) - sum(checks), place.store.counts.corrupt))


def _gc(arguments: argparse.Namespace, places: list[CachePlace]) -> bool:
    folder = places[0].store
    if not isinstance(folder, PackStore):  # the first place always is
        return False
    age = arguments.unused_for
    done = folder.evict(arguments.cap, None if age is None else age * DAY_SECONDS)
    swept = remove_stale_leases(folder.root / LEASE_FOLDER, _DEAD_LEASE_SECONDS)
    require_no_warnings(places[0])
    if done is None:
        show(f"another program evicts from {places[0].name} already")
        return True
    show(
        f"{(done.bytes_before - done.bytes_after) / 1e6:.1f} MB freed, {done.bytes_after / 1e6:.1f} MB kept: "
        f"{done.evicted_records} results dropped, {done.merged_packs} small packs merged, {swept} dead leases removed"
    )
    return True


def _export(arguments: argparse.Namespace, places: list[CachePlace]) -> bool:
    folder = places[0].store
    done = export(
        folder.entries(),
        EncryptedStore(folder, encryption_from_environment(), signature_from_environment()),
        arguments.folder,
    )
    show(
        f"{done.copied} results written to {arguments.folder}, {done.skipped} skipped (damaged, encrypted, unsigned)"
    )
    return True


def _import(arguments: argparse.Namespace, places: list[CachePlace]) -> bool:
    done = import_into(
        EncryptedStore(places[0].store, encryption_from_environment(), signature_from_environment()),
        arguments.folder,
    )
    require_no_warnings(places[0])
    show(
        f"{done.copied} results imported from {arguments.folder}, {done.skipped} skipped (damaged or not valid)"
    )
    return True
