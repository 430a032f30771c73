# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy cache`: see, check, bound, share and delete what is kept."""

import argparse
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .cache.exchange import export, import_into
from .cache.folder import PackFolder
from .cache.key import Key
from .cache.layout import is_prepared
from .cache.lease_folder import LEASE_FOLDER, sweep
from .cache.opening import CacheSettings, open_shared_folder
from .cache.origins import coming_from, walk
from .cache.purge import Kept
from .cache.redis_store import RedisStore
from .cache.seal import Seal, SealedStore, secret_from
from .cache.statistics import Share, folder_facts, statistics
from .cache.uses import USES_NAME
from .cache.verify import Verified, verify_folder
from .cli_lines import show
from .cli_paths import opened_clip
from .clip_info import frame_id
from .clip_picture import PictureClip, is_picture
from .errors import CacheError
from .layer_purge import blank_layers
from .run_settings import FOLDER_VARIABLE, REDIS_VARIABLE, RunSettings, completed

_DAY = 86400.0
_DEAD_LEASE_SECONDS = _DAY
_HASH = re.compile(r"[0-9a-f]{64}")
_CLIPS_SHOWN = 12


@dataclass(frozen=True)
class _Place:
    """One place where results are kept, by the name the user gave it."""

    name: str
    store: PackFolder | RedisStore


def run(arguments: argparse.Namespace) -> bool:
    """Do the action that the arguments of `cli_cache_arguments.add_cache` name; return whether all is well.

    Raises UnderstudyError if it can't be done.
    """
    places = list(_places(arguments))
    actions: dict[str, Callable[[argparse.Namespace, list[_Place]], bool]] = {
        "stats": _stats,
        "verify": _verify,
        "gc": _gc,
        "purge": _purge,
        "export": _export,
        "import": _import,
    }
    try:
        return actions[arguments.action](arguments, places)
    finally:
        for place in places:
            place.store.close()


def opened_folder(root: Path) -> PackFolder:
    """Open a cache folder that is there. Raises CacheError."""
    if not is_prepared(root):
        raise CacheError(f"there is no cache in {root}: give the folder that --cache-dir named")
    return PackFolder(root)


def the_seal() -> Seal | None:
    """Return what seals and opens with the secret of UNDERSTUDY_CACHE_KEY, if there is one. CacheError."""
    secret = secret_from(os.environ)
    return Seal(secret) if secret is not None else None


def shared_places(arguments: argparse.Namespace) -> dict[str, str]:
    """Return what the environment says of shared places; nothing of those that an argument names."""
    given = {FOLDER_VARIABLE: arguments.shared_dir, REDIS_VARIABLE: arguments.redis}
    return {name: os.environ.get(name, "") if value is None else "" for name, value in given.items()}


def _places(arguments: argparse.Namespace) -> Iterator[_Place]:
    root = arguments.cache_dir
    yield _Place(str(root), PackFolder(root) if arguments.action == "import" else opened_folder(root))
    if not hasattr(arguments, "redis"):  # an action for the cache folder alone
        return
    told = CacheSettings(root, shared_folder=arguments.shared_dir, redis_url=arguments.redis)
    told = completed(RunSettings(told, online=arguments.online), shared_places(arguments)).cache
    if told.shared_folder is not None:
        yield _Place(str(told.shared_folder), open_shared_folder(told.shared_folder))
    if told.redis_url is not None:
        server = RedisStore(told.redis_url)
        _ = Key("") in server
        _require_no_trouble(_Place("Redis", server))
        yield _Place("Redis", server)


def _stats(arguments: argparse.Namespace, places: list[_Place]) -> bool:
    told = []
    for place in places:
        found = statistics(place.store)
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
    show(f"{name:<18} {share.entries:>8} {share.payload_bytes / 1e6:>10.1f} MB")


def _verify(arguments: argparse.Namespace, places: list[_Place]) -> bool:  # noqa: ARG001
    all_sound = True
    for place in places:
        found = _verified(place)
        show(f"{place.name}: {found.sound} results are sound, {found.damaged} damaged")
        all_sound &= not found.damaged
        _require_no_trouble(place)
    if not all_sound:
        show("what is damaged is never used; it is computed again when it is needed")
    return all_sound


def _verified(place: _Place) -> Verified:
    if isinstance(place.store, PackFolder):
        try:
            return verify_folder(place.store.root)
        except OSError as error:
            raise CacheError(f"can't read {place.name}: {error.strerror}; check its permissions") from error
    found = [place.store.get(Key(entry.text)) is not None for entry in place.store.entries()]
    return Verified(sum(found), max(len(found) - sum(found), place.store.counts.corrupt))


def _gc(arguments: argparse.Namespace, places: list[_Place]) -> bool:
    folder = places[0].store
    if not isinstance(folder, PackFolder):  # the first place always is
        return False
    age = arguments.unused_for
    done = folder.tidy(arguments.cap, None if age is None else age * _DAY)
    swept = sweep(folder.root / LEASE_FOLDER, _DEAD_LEASE_SECONDS)
    _require_no_trouble(places[0])
    if done is None:
        show(f"another program tidies {places[0].name} already")
        return True
    show(
        f"{(done.before - done.after) / 1e6:.1f} MB freed, {done.after / 1e6:.1f} MB kept: "
        f"{done.evicted_records} results dropped, {done.merged_packs} small packs merged, {swept} dead leases removed"
    )
    return True


def _purge(arguments: argparse.Namespace, places: list[_Place]) -> bool:
    if arguments.all:
        for place in places:
            _say_freed(place, place.store.purge())
            if isinstance(place.store, PackFolder):
                (place.store.root / USES_NAME).unlink(missing_ok=True)
        _blank(places)
        return _nothing_left(arguments, lambda _: True)
    if arguments.older_than is not None:
        moment = time.time() - arguments.older_than * _DAY
        old = {
            Key(kept.entry.text).digest
            for place in places
            for kept in walk(place.store)
            if kept.entry.written < moment
        }
        _blank(places, moment)
        return _purged(arguments, places, lambda text: Key(text).digest in old)

    def entries() -> Iterator[Kept]:
        for place in places:
            yield from walk(place.store)

    matches, lost = coming_from(entries, _seeds(arguments))
    if lost:
        show(f"{lost} results can't be traced to any clip or picture: they are deleted as well")
    _blank(places)
    return _purged(arguments, places, matches)


def _blank(places: list[_Place], made_before: float | None = None) -> None:
    """Take the faces out of layer pictures: of all, since none says whose they are."""
    for place in places:
        count = blank_layers(place.store.root, made_before) if isinstance(place.store, PackFolder) else 0
        if count:
            show(f"{count} layer pictures in {place.name} made transparent: a render makes them again")


def _purged(arguments: argparse.Namespace, places: list[_Place], matches: Callable[[str], bool]) -> bool:
    for place in places:
        _say_freed(place, place.store.purge(matches))
    return _nothing_left(arguments, matches)


def _nothing_left(arguments: argparse.Namespace, matches: Callable[[str], bool]) -> bool:
    """Open every place anew and look for what should be gone."""
    for place in _places(arguments):
        with closing(place.store):
            left = sum(matches(entry.text) for entry in place.store.entries())
            _require_no_trouble(place)
        if left:
            raise CacheError(
                f"{left} results are still in {place.name}: end what writes there, then purge again"
            )
        show(f"{place.name}: looked through again, nothing of it is left")
    return True


def _say_freed(place: _Place, freed: int) -> None:
    _require_no_trouble(place)
    show(f"{freed / 1e6:.1f} MB ({freed} bytes) deleted from {place.name}")


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


def _export(arguments: argparse.Namespace, places: list[_Place]) -> bool:
    folder = places[0].store
    done = export(folder.entries(), SealedStore(folder, the_seal()), arguments.folder)
    show(f"{done.copied} results written to {arguments.folder}, {done.left_out} left out (damaged or sealed)")
    return True


def _import(arguments: argparse.Namespace, places: list[_Place]) -> bool:
    done = import_into(SealedStore(places[0].store, the_seal()), arguments.folder)
    _require_no_trouble(places[0])
    show(
        f"{done.copied} results taken in from {arguments.folder}, {done.left_out} left out (not what they say)"
    )
    return True


def _require_no_trouble(place: _Place) -> None:
    if place.store.warnings:
        raise CacheError(place.store.warnings[0])
