# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images of source people a file says that it was made with, by their hashes. Nothing is checked for that."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..cache.base.key import SHA256_HEX
from ..errors import OutputError
from ..filesystem import open_input
from .facts import facts_from
from .manifest import has_manifest_library, read_manifest
from .mark_file import can_hold_mark, peek_marks
from .sidecar import FACTS, read_sidecar
from .xmp import read_packet


def stated_source_images(path: Path) -> frozenset[str]:
    """Return the source people's images of an output, whether or not it was changed since it was made.

    Parameters
    ----------
    path : pathlib.Path
        The output. It may come from anyone.

    Returns
    -------
    frozenset of str
        Hex SHA-256 of the images' files, by the file beside it, its XMP or else its C2PA manifest; empty where none of
        them says any, or the file can't be read.
    """
    try:
        images = {*_of_sidecar(read_sidecar(path).values)}
        if can_hold_mark(path.name):
            images.update(_of_marks(path))
    except (OSError, OutputError):
        return frozenset()
    return frozenset(images)


def _of_sidecar(values: Any) -> Iterator[str]:
    """Yield what a file beside an output says: as facts, or as those of before say it."""
    facts = values.get(FACTS)
    if isinstance(facts, dict) and (known := facts_from(facts)) is not None:
        yield from known.source_images
    swaps = values.get("swaps")
    for entry in (values, *(swaps if isinstance(swaps, list) else ())):
        images = entry.get("pictures") if isinstance(entry, dict) else None
        for image in images if isinstance(images, list) else ():
            if isinstance(image, str) and SHA256_HEX.fullmatch(image):
                yield image


def _of_marks(path: Path) -> tuple[str, ...]:
    """Return what a file's XMP says, or else its manifest."""
    scan = peek_marks(path)
    reading = read_packet(scan.packet, "")
    if reading is not None and reading.facts.source_images:
        return reading.facts.source_images
    if not scan.has_manifest or not has_manifest_library():
        return ()
    with io.BufferedReader(open_input(path)) as file:
        facts = read_manifest(file, path.name).facts
    return () if facts is None else facts.source_images
