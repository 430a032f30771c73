# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of a turnover: what its files hold, for people and programs. It names nobody, no clip and no folder."""

from collections.abc import Mapping
from datetime import UTC, datetime

from ..batch.render_counts import RenderCounts
from ..export.colour_tags import UNSPECIFIED, ColourTags
from ..export.provenance import COMMENT, changed_settings
from ..media.file_status import file_fingerprint
from ..media.light_space import LightSpace
from ..provenance.facts import CompositeFacts
from ..recipe import Recipe
from ..recipe.clip_swap import ClipSwap
from ..system.version import program_name
from .job import FILE_PATTERN, OpenTurnover
from .layer_names import LAYERS

FORMAT, VERSION = "understudy turnover", 1
_MODEL_CHOICES = (
    ("detect", "detector"),
    ("landmark", "landmarker"),
    ("landmark", "pose"),
    ("embed", "recogniser"),
    ("occlude", "masker"),
    ("swap", "swapper"),
    ("enhance", "enhancer"),
)
"""The parameters that choose a model: stage and name."""


def manifest(
    opened: OpenTurnover,
    tags: ColourTags,
    space: LightSpace | None,
    outcome: RenderCounts,
    facts: CompositeFacts | None,
) -> dict[str, object]:
    """Return the manifest of a turnover that is complete.

    Parameters
    ----------
    opened : OpenTurnover
        The job, and its clip.
    tags : ColourTags
        What the clip says of its colour.
    space : LightSpace or None
        The colour space of a clip whose numbers stand for light; None for other clips.
    outcome : RenderCounts
        What became of its frames.
    facts : CompositeFacts or None
        What was done; None where nothing is to be marked.

    Returns
    -------
    dict of str
        Plain values for JSON.

    Raises
    ------
    ClipError
        An image can't be read any more.
    """
    info, numbers = opened.clip.info, opened.numbers
    return {
        "format": FORMAT,
        "version": VERSION,
        "made_by": program_name(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "composite": outcome.changed_count > 0,
        "notice": COMMENT,
        "files": FILE_PATTERN,
        "frames": {
            "first": numbers[0],
            "last": numbers[-1],
            "counted_from": 0,
            "changed": outcome.changed_count,
            "failed": sorted(number for group in outcome.failed_frames.values() for number in group),
        },
        "frame_rate": None if opened.fps is None else str(opened.fps),
        "width": info.width,
        "height": info.height,
        "color": _color_values(tags, space, info.bit_depth),
        "layers": [layer.as_dict() for layer in LAYERS],
        "ids": [_swap_values(place, swap) for place, swap in enumerate(opened.job.swaps, 1)],
        **_fact_values(facts),
    }


def _color_values(tags: ColourTags, space: LightSpace | None, bit_depth: int) -> dict[str, object]:
    values: dict[str, object] = {"clip_bits": bit_depth}
    if space is not None and space.is_linear:
        return values | {
            "encoding": "scene-linear",
            "space": space.name,
            "description": f"rgba and swap are light in {space.name}, as the clip is",
        }
    names = {"primaries": tags.primaries, "transfer": tags.transfer}
    return values | {
        "encoding": "display-referred" if space is None else "coded",
        "space": "as the clip is coded" if space is None else space.name,
        "description": "rgba and swap are the clip's own coded values, 1 for its largest: read these files as "
        "Non-Color, or raw, and lay them over the clip's coded values",
        "iso_iec_23091_2": {name: number for name, number in names.items() if number != UNSPECIFIED},
    }


def _swap_values(number: int, swap: ClipSwap) -> dict[str, object]:
    """Return what is said of one swap: its people by the hashes of their images."""
    request = swap.span.request
    ranges = [
        {"first": part.first, "last": part.last, "settings": changed_settings(part.request.recipe)}
        for part in swap.ranges
    ]
    return {
        "id": number,
        "source_images": [file_fingerprint(image.path) for image in request.identity.images],
        "first": swap.span.first,
        "last": swap.span.last,
        "settings": changed_settings(request.recipe),
        "ranges": ranges,
        "models": _model_names(request.recipe),
    }


def _model_names(recipe: Recipe) -> Mapping[str, str]:
    """Return which model families a recipe chooses, by the names of the settings."""
    return {f"{stage}.{name}": str(getattr(getattr(recipe, stage), name)) for stage, name in _MODEL_CHOICES}


def _fact_values(facts: CompositeFacts | None) -> dict[str, object]:
    if facts is None:
        return {}
    return {"facts": facts.as_dict(), "digital_source_type": facts.digital_source_type}
