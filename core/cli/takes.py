# SPDX-License-Identifier: GPL-3.0-or-later
"""The people of `--take` and `--faces`, each with a name of their own."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..batch.patterns import Person, find_people, find_person
from ..errors import FaceImageError

_NUMBER = re.compile(r":(\d+)$")


def takes_from_arguments(takes: Sequence[str], patterns: Sequence[Path]) -> tuple[Person, ...]:
    """Return the people of `--take` and then those of `--faces`, each name once. Raises BatchError, FaceImageError."""
    people = [_take(text) for text in takes]
    people += [find_person([path]) for path in find_people(patterns).paths]
    counts: dict[str, int] = {}
    unique = []
    for person in people:
        count = counts[person.name] = counts.get(person.name, 0) + 1
        unique.append(person if count == 1 else replace(person, name=f"{person.name} {count}"))
    return tuple(unique)


def _take(text: str) -> Person:
    parts = [text] if Path(text).exists() else [part.strip() for part in text.split(",")]
    if not all(parts):
        raise FaceImageError(f"--take is written FACE,FACE..., not {text!r}")
    faces = [_face(part) for part in parts]
    return find_person([path for path, _ in faces], [number for _, number in faces])


def _face(text: str) -> tuple[Path, int]:
    """Return an image and the number of its face, which may stand after a colon."""
    path, number = Path(text), _NUMBER.search(text)
    if number is None or path.exists():
        return path, 0
    return Path(text[: number.start()]), int(number[1])
