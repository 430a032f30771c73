# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks a finished movie as a composite: a line in its metadata, and a file beside it that says what was done.

People are not named: an image is told by the hash of its file, so that whoever has the image can check.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..cache.base.key import Scalar
from ..media.file_status import file_fingerprint
from ..provenance.facts import COMPOSITE_TEXT
from ..provenance.sidecar import sidecar_name
from ..recipe import Recipe, parameters
from ..recipe.clip_swap import ClipSwap, RequestRange
from ..recipe.request import FaceImage, SwapRequest
from ..system.version import program_name

COMMENT = COMPOSITE_TEXT


@dataclass(frozen=True)
class Provenance:
    """What was done to a clip."""

    clip: str
    """The clip's file name, without its folder."""
    image_hashes: tuple[str, ...]
    """Hex SHA-256 of the files of all people's images, in the order they were given."""
    consent: str
    """By what right the likenesses are used, each once."""
    recipe: Mapping[str, Scalar]
    """The settings that differ from the default, by their `--set` name: those that hold for all people and frames."""
    frames_changed: int
    creation_time: datetime
    swaps: tuple[Mapping[str, object], ...] = ()
    """Where there are several people or ranges: what was done for each person, as plain values."""

    def as_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON."""
        values: dict[str, object] = {
            "composite": self.frames_changed > 0,
            "made_by": program_name(),
            "clip": self.clip,
            "pictures": list(self.image_hashes),
            "consent": self.consent,
            "recipe": dict(self.recipe),
            "frames_changed": self.frames_changed,
            "created": self.creation_time.isoformat(timespec="seconds"),
        }
        return values | {"swaps": [dict(swap) for swap in self.swaps]} if self.swaps else values


def provenance_of(clip: Path, swaps: Sequence[ClipSwap], frames_changed: int) -> Provenance:
    """Return what was done to `clip` just now. Raises ClipError if an image can't be read any more."""
    requests = [request for swap in swaps for request in swap.requests]
    identities = [swap.span.request.identity for swap in swaps]
    images = tuple(hash_ for identity in identities for hash_ in _image_hashes(identity.images))
    is_plain = len(requests) == 1 and not _span_values(swaps[0].span)
    return Provenance(
        clip=clip.name,
        image_hashes=images,
        consent="; ".join(dict.fromkeys(identity.consent for identity in identities if identity.consent)),
        recipe=_shared_settings(requests),
        frames_changed=frames_changed,
        creation_time=datetime.now(UTC),
        swaps=() if is_plain else tuple(map(_swap_values, swaps)),
    )


def _image_hashes(images: Sequence[FaceImage]) -> list[str]:
    return [file_fingerprint(image.path) for image in images]


def _swap_values(swap: ClipSwap) -> dict[str, object]:
    """Return what was done for one person."""
    request = swap.span.request
    ranges = [_span_values(part) | {"recipe": changed_settings(part.request.recipe)} for part in swap.ranges]
    return {
        "pictures": _image_hashes(request.identity.images),
        "replaced": _image_hashes(request.target_references),
        "consent": request.identity.consent,
        "recipe": changed_settings(request.recipe),
        **_span_values(swap.span),
        "ranges": ranges,
    }


def _span_values(span: RequestRange) -> dict[str, object]:
    """Return the frames of a range; nothing where it is all of a clip."""
    values: dict[str, object] = {"start": span.first} if span.first else {}
    return values if span.last is None else values | {"end": span.last}


def _shared_settings(requests: Sequence[SwapRequest]) -> dict[str, Scalar]:
    """Return the changed settings that are the same in all requests."""
    first, *others = (changed_settings(request.recipe) for request in requests)
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def changed_settings(recipe: Recipe) -> dict[str, Scalar]:
    """Return the settings of a recipe that are not the default, by their `--set` name."""
    values = {
        parameter.path: getattr(getattr(recipe, parameter.group), parameter.name)
        for parameter in parameters()
    }
    return {
        parameter.path: values[parameter.path]
        for parameter in parameters()
        if values[parameter.path] != parameter.default
    }


def sidecar(
    movie: Path, provenance: Provenance, mark: Mapping[str, object] | None = None
) -> tuple[str, bytes]:
    """Return the name, beside `movie`, and the bytes of the file that says what was done.

    `mark` has further entries, such as what a batch knows the movie by.
    """
    text = json.dumps(provenance.as_dict() | dict(mark or {}), indent=2) + "\n"
    return sidecar_name(movie.name), text.encode("ascii")
