# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy explain`: which stages of a frame are known, and why others are not."""

import argparse
import json
import os
import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from ..cache.factory import CacheSettings, shared_tiers
from ..cache.maintenance.explain import Difference
from ..cache.maintenance.inspector import Looking, Place
from ..cache.packs.layout import is_prepared
from ..media.image_clip import is_picture
from ..models.embedded import embedded_models
from ..pipeline.explain_frame import StageFact, explain_frame
from ..pipeline.pipeline import Pipeline
from ..pipeline.stage_schemas import FORMS
from ..sessions.settings import CACHE_VARIABLE, RunSettings, completed
from .cache_locations import opened_folder, shared_places, the_seal, the_signature
from .inputs import frame_range, opened_clip
from .output import show, tell
from .request import chosen_casting

_CACHE_NAME = "understudy_cache"
_NEAR = "the cache folder"
_HASH = re.compile(r"[0-9a-f]{64}")


def explain(arguments: argparse.Namespace) -> None:
    """Print what is known of a frame, as the arguments of `cli_cache_arguments.add_explain` ask.

    Raises UnderstudyError if that can't be told.
    """
    casting = chosen_casting(arguments)
    root = arguments.cache_dir or Path(os.environ.get(CACHE_VARIABLE) or _beside(arguments.clip))
    movie = arguments.clip.is_file() and not is_picture(arguments.clip)
    told = CacheSettings(root, shared_folder=arguments.shared_dir, redis_url=arguments.redis)
    run = completed(RunSettings(told, online=arguments.online), {**os.environ, **shared_places(arguments)})
    shared = [Place(tier.name, tier) for tier in shared_tiers(run.cache, make=False)]
    # Where there is no folder yet, a render would find what the shared places have.
    folder = None if shared and not is_prepared(root) else opened_folder(root)
    near = [] if folder is None else [Place(_NEAR, folder)]
    with (
        closing(Looking([*near, *shared], the_seal(), the_signature(), FORMS)) as store,
        opened_clip(arguments.clip, None if movie else "25")[0] as clip,
    ):
        frame_range(clip, arguments.frame, arguments.frame)
        models = embedded_models()
        facts = explain_frame(
            lambda store: Pipeline(store, models, library=run.library, providers=run.providers),
            store,
            tuple if folder is None else folder.entries,
            clip,
            arguments.frame,
            casting,
        )
        for warning in (*run.left_out, *store.warnings):
            tell(f"warning: {warning}")
    if arguments.json:
        print(json.dumps({"frame": arguments.frame, "stages": [_as_dict(fact) for fact in facts]}, indent=2))
        return
    for fact in facts:
        name = f"{fact.about}: {fact.stage}" if fact.about else fact.stage
        show(f"{name:<22} {fact.status:<14} {_why(fact)}".rstrip())


def _beside(clip: Path) -> Path:
    """Return the cache beside a clip; for a folder of pictures one in it, if there is one."""
    inside, beside = clip / _CACHE_NAME, clip.parent / _CACHE_NAME
    return inside if inside.is_dir() else beside


def _why(fact: StageFact) -> str:
    found = fact.explanation
    if found is None or fact.reason:
        return fact.reason
    if found.hit:
        return "" if fact.place == _NEAR else f"in {fact.place}"
    if found.nearest is None:
        return f"no result of {fact.stage} is kept in {_NEAR}"
    return "; ".join(_shown(found.differences))


def _shown(differences: Sequence[Difference]) -> list[str]:
    return [
        f"{line.name} is {_short(line.wanted)}, in the nearest result {_short(line.kept)}"
        for line in differences
    ]


def _short(value: str | None) -> str:
    if value is None:
        return "not there"
    return f"{value[:12]}…" if _HASH.fullmatch(value) else value


def _as_dict(fact: StageFact) -> dict[str, object]:
    found = fact.explanation
    return {
        "stage": fact.stage,
        "about": fact.about,
        "status": fact.status,
        "reason": fact.reason,
        "place": fact.place,
        "key": found.key.hex if found else None,
        "differences": [vars(line) for line in found.differences] if found else [],
    }
