# SPDX-License-Identifier: GPL-3.0-or-later
"""What one layer picture is to be made from, as plain values that can be handed to another process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .identity import Casting, Identity, Picture
from .recipe import Recipe


@dataclass(frozen=True)
class ClipSource:
    """The files that a strip plays: one movie, or one or more pictures in order."""

    movie: bool
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class LayerJob:
    """One layer picture that a timeline frame needs."""

    strip: str
    frame: int
    """The timeline frame."""
    source: ClipSource
    number: int
    """The source frame, from 0."""
    picture: Path
    castings: tuple[Casting, ...]

    def about(self, fault: object) -> str:
        """Return a warning that names strip and frame."""
        return f"{self.strip}, frame {self.frame}: {fault}; the original is shown"


def source_values(source: ClipSource) -> dict[str, Any]:
    """Return a clip's files as values for JSON."""
    return {"movie": source.movie, "paths": [str(path) for path in source.paths]}


def source_from(values: Mapping[str, Any]) -> ClipSource:
    """Return what `source_values` was given."""
    return ClipSource(values["movie"], tuple(Path(path) for path in values["paths"]))


def casting_values(casting: Casting) -> dict[str, Any]:
    """Return a casting as values for JSON. Floats keep every bit, so keys stay the same."""
    identity, recipe = casting.identity, casting.recipe
    return {
        "name": identity.name,
        "consent": identity.consent,
        "pictures": _picture_values(identity.pictures),
        "replaced": _picture_values(casting.replaced),
        "recipe": {
            stage.name: {entry.name: getattr(group, entry.name) for entry in fields(group)}
            for stage in fields(recipe)
            for group in [getattr(recipe, stage.name)]
        },
    }


def casting_from(values: Mapping[str, Any]) -> Casting:
    """Return what `casting_values` was given."""
    default = Recipe()
    stages = {
        stage.name: type(getattr(default, stage.name))(**values["recipe"][stage.name])
        for stage in fields(Recipe)
    }
    pictures, replaced = (
        tuple(Picture(Path(path), number) for path, number in values[name])
        for name in ("pictures", "replaced")
    )
    return Casting(Identity(pictures, values["name"], values["consent"]), Recipe(**stages), replaced)


def _picture_values(pictures: Sequence[Picture]) -> list[list[Any]]:
    return [[str(entry.path), entry.face_number] for entry in pictures]
