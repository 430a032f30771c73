# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy explain`: which stages of a frame are known, and why others are not."""

import argparse
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from ..cache.base.key import SHA256_HEX
from ..cache.maintenance.explain import Difference
from ..cache.maintenance.inspector import NamedStore, TierInspector
from ..cache.packs.layout import is_cache_folder
from ..cache.settings import CACHE_FOLDER_NAME, CacheSettings
from ..cache.shared_places import shared_tiers
from ..export.inputs import frame_range, open_named_clip
from ..models.embedded import embedded_models
from ..pipeline.explain_frame import StageStatus, explain_frame
from ..pipeline.pipeline import Pipeline
from ..pipeline.stage_schemas import STAGE_SCHEMAS
from ..sessions.settings import CACHE_VARIABLE, RunSettings, resolve_settings
from .cache_locations import (
    encryption_from_environment,
    open_folder,
    shared_place_variables,
    signature_from_environment,
)
from .output import print_diagnostic, show, show_json
from .request import corrected_request

_LOCAL_PLACE_NAME = "the cache folder"


def explain(arguments: argparse.Namespace) -> None:
    """Print what is known of a frame, as the arguments of `cache_arguments.add_explain` ask.

    Raises UnderstudyError if that can't be told.
    """
    request = corrected_request(arguments)
    root = arguments.cache_dir or Path(
        os.environ.get(CACHE_VARIABLE) or _default_cache_folder(arguments.clip)
    )
    cache_settings = CacheSettings(root, shared_folder=arguments.shared_dir, redis_url=arguments.redis)
    run = resolve_settings(
        RunSettings(cache_settings, online=arguments.online),
        {**os.environ, **shared_place_variables(arguments)},
    )
    shared = [NamedStore(tier.name, tier) for tier in shared_tiers(run.cache, make=False)]
    # Where there is no folder yet, a render would find what the shared places have.
    folder = None if shared and not is_cache_folder(root) else open_folder(root)
    near = [] if folder is None else [NamedStore(_LOCAL_PLACE_NAME, folder)]
    with (
        closing(
            TierInspector(
                [*near, *shared], encryption_from_environment(), signature_from_environment(), STAGE_SCHEMAS
            )
        ) as store,
        (opened := open_named_clip(arguments.clip, arguments.colorspace)).clip as clip,
    ):
        frame_range(clip, arguments.frame, arguments.frame)
        models = embedded_models()
        facts = explain_frame(
            lambda store: Pipeline(store, models, library=run.library, providers=run.providers),
            store,
            tuple if folder is None else folder.entries,
            clip,
            arguments.frame,
            request,
        )
        for warning in (*opened.warnings, *clip.faults, *run.ignored, *store.warnings):
            print_diagnostic(f"warning: {warning}")
    if arguments.json:
        show_json({"frame": arguments.frame, "stages": [_as_dict(fact) for fact in facts]})
        return
    for fact in facts:
        name = f"{fact.subject}: {fact.stage}" if fact.subject else fact.stage
        show(f"{name:<22} {fact.status:<14} {_reason(fact)}".rstrip())


def _default_cache_folder(clip: Path) -> Path:
    """Return the cache beside a clip; for a folder of images one in it, if there is one."""
    inside, beside = clip / CACHE_FOLDER_NAME, clip.parent / CACHE_FOLDER_NAME
    return inside if inside.is_dir() else beside


def _reason(fact: StageStatus) -> str:
    explanation = fact.explanation
    if explanation is None or fact.reason:
        return fact.reason
    if explanation.hit:
        return "" if fact.place == _LOCAL_PLACE_NAME else f"in {fact.place}"
    if explanation.nearest is None:
        return f"no result of {fact.stage} is kept in {_LOCAL_PLACE_NAME}"
    return "; ".join(_difference_lines(explanation.differences))


def _difference_lines(differences: Sequence[Difference]) -> list[str]:
    return [
        f"{line.name} is {_abbreviate(line.wanted)}, in the nearest result {_abbreviate(line.kept)}"
        for line in differences
    ]


def _abbreviate(value: str | None) -> str:
    if value is None:
        return "not there"
    return f"{value[:12]}…" if SHA256_HEX.fullmatch(value) else value


def _as_dict(fact: StageStatus) -> dict[str, object]:
    explanation = fact.explanation
    return {
        "stage": fact.stage,
        "about": fact.subject,
        "status": fact.status,
        "reason": fact.reason,
        "place": fact.place,
        "key": explanation.key.hex if explanation else None,
        "differences": [vars(line) for line in explanation.differences] if explanation else [],
    }
