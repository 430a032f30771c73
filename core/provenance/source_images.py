# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images of source people a file says that it was made with, by their hashes. Nothing is checked for that."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..errors import OutputError
from ..filesystem import open_input
from .facts import facts_from
from .manifest import has_manifest_library, read_manifest
from .mark_file import can_hold_mark, has_manifest, packet_of
from .sidecar import FACTS, read_sidecar
from .xmp import read_packet

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


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
            images.update(_of_packet(path) or _of_manifest(path))
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
            if isinstance(image, str) and _DIGEST.fullmatch(image):
                yield image


def _of_packet(path: Path) -> tuple[str, ...]:
    reading = read_packet(packet_of(path), "")
    return () if reading is None else reading.facts.source_images


def _of_manifest(path: Path) -> tuple[str, ...]:
    if not has_manifest_library() or not has_manifest(path):
        return ()
    with io.BufferedReader(open_input(path)) as file:
        facts = read_manifest(cast("BinaryIO", file), path.name).facts
    return () if facts is None else facts.source_images
