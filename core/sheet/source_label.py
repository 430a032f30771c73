# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sheet's files say of whose faces they show: hashes of the images of people, so that a purge finds them."""

import re
from collections.abc import Iterable

from ..errors import ClipError
from ..media.file_status import file_fingerprint
from .sheet import Variant

PNG_KEY = "Understudy Sources"
"""The key of the text in a PNG file; texts are before the pixels."""
PAGE_NAME = "understudy-sources"
"""The name of the `<meta>` in a page's head."""
LABEL_BYTES = 1 << 18
"""Within how many bytes of a file its label ends: 64 variants with dozens of images each."""
_LABEL = re.compile(
    rb'(?:tEXt%b\0|<meta name="%b" content=")((?:[0-9a-f]{64} ?)*)' % (PNG_KEY.encode(), PAGE_NAME.encode())
)


def source_hashes(variants: Iterable[Variant]) -> tuple[str, ...]:
    """Return the SHA-256 of each image of the variants' source people, in hex; files that can't be read have none."""
    paths = dict.fromkeys(image.path for variant in variants for image in variant.request.identity.images)
    hashes = []
    for path in paths:
        try:
            hashes.append(file_fingerprint(path))
        except ClipError:
            continue
    return tuple(dict.fromkeys(hashes))


def label_text(hashes: Iterable[str]) -> str:
    """Return what a file's label says."""
    return " ".join(hashes)


def labeled_hashes(data: bytes) -> frozenset[str] | None:
    """Return the hashes that the beginning of a sheet's file names; None where it has no label."""
    label = _LABEL.search(data[:LABEL_BYTES])
    return None if label is None else frozenset(label[1].decode().split())
