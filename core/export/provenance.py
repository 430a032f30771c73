# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks a finished movie as a composite: a line in its metadata, and a file beside it that says what was done.

People are not named: an image is told by the hash of its file, so that whoever has the image can check.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..cache.base.key import Scalar
from ..filesystem import MAX_NAME_BYTES
from ..media.file_status import file_fingerprint
from ..recipe import Recipe, parameters
from ..recipe.request import SwapRequest
from ..system.version import version

COMMENT = "Composite: a face was replaced with Understudy"
SUFFIX = ".understudy.json"
_MARK_DIGITS = 8


@dataclass(frozen=True)
class Provenance:
    """What was done to a clip."""

    clip: str
    """The clip's file name, without its folder."""
    image_hashes: tuple[str, ...]
    """Hex SHA-256 of the files of the images, in the order they were given."""
    consent: str
    recipe: Mapping[str, Scalar]
    """The settings that differ from the default, by their `--set` name."""
    frames_changed: int
    creation_time: datetime

    def as_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON."""
        return {
            "composite": self.frames_changed > 0,
            "made_by": program_name(),
            "clip": self.clip,
            "pictures": list(self.image_hashes),
            "consent": self.consent,
            "recipe": dict(self.recipe),
            "frames_changed": self.frames_changed,
            "created": self.creation_time.isoformat(timespec="seconds"),
        }


def provenance_of(clip: Path, request: SwapRequest, frames_changed: int) -> Provenance:
    """Return what was done to `clip` just now. Raises ClipError if an image can't be read any more."""
    return Provenance(
        clip=clip.name,
        image_hashes=tuple(file_fingerprint(image.path) for image in request.identity.images),
        consent=request.identity.consent,
        recipe=changed_settings(request.recipe),
        frames_changed=frames_changed,
        creation_time=datetime.now(UTC),
    )


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


def program_name() -> str:
    """Return the program's name and, where it is known, its version."""
    return f"Understudy {version()}".rstrip()


def sidecar(movie: Path, provenance: Provenance) -> tuple[str, bytes]:
    """Return the name, beside `movie`, and the bytes of the file that says what was done."""
    text = json.dumps(provenance.as_dict(), indent=2) + "\n"
    return sidecar_name(movie.name), text.encode("ascii")


def sidecar_name(movie_name: str) -> str:
    """Return what the file is called that says what was done: the movie's name, and less of it where it is long."""
    stored = movie_name.encode(errors="surrogateescape")
    most = MAX_NAME_BYTES - len(SUFFIX)
    if len(stored) <= most:
        return movie_name + SUFFIX
    # Two movies whose names begin alike must not share it.
    mark = "~" + hashlib.sha256(stored).hexdigest()[:_MARK_DIGITS]
    return stored[: most - len(mark)].decode(errors="ignore") + mark + SUFFIX
