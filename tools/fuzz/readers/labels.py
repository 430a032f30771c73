# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache with a spoilt layer image: its label is read and written anew, and the layers are counted and removed."""

import re
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
from understudy.core.errors import OutputError
from understudy.core.layers.folder import LayerFolder
from understudy.core.layers.label import (
    LABEL_BYTES,
    ReadBuffer,
    RequestSummary,
    body_offset,
    layer_checksum,
    layer_key,
    layer_label,
)
from understudy.core.layers.placeholder import PLACEHOLDER
from understudy.core.layers.samples import LayerPatch
from understudy.core.layers.tiff import layer_pieces
from understudy.core.layers.tile_layout import LayerPixels, read_tile_layout

from ..sample import Sample
from .packs import mark

STACK = "0123456789abcdef"
NAME = "000000.tif"
PICTURE = f"layers/{STACK}/{NAME}"
_LABEL = re.compile(rb"understudy layer ([0-9a-f]{64}) ([0-9a-f]{8})")


class Labels:
    """See the module."""

    name = "labels"

    def samples(self) -> list[Sample]:
        """Return layers with a face, of 8 and 16 bits and of half floats, one without, and a stand-in."""
        one = np.full((20, 20, 4), 200, np.uint8)
        images: tuple[LayerPixels, ...] = one, one.astype(np.uint16), one.astype(np.float16)
        summary = RequestSummary("cd" * 32, 1, 0, 0)
        faces = [layer_pieces("ab" * 32, LayerPatch(10, 12, image), (100, 90), summary) for image in images]
        none = layer_pieces("ab" * 32, None, (100, 90))
        return [Sample({PICTURE: data}) for data in (*map(b"".join, (*faces, none)), PLACEHOLDER)]

    def mend(self, sample: Sample) -> Sample:
        """Make the label's checksum right."""
        data = sample.files.get(PICTURE, b"")
        label = _LABEL.search(data)
        if label is None:
            return sample
        body = body_offset(label.start() + LABEL_BYTES)
        tiles = body + read_tile_layout(data).tile_bytes
        parts = data[: label.start()], data[body:tiles], data[tiles:]
        summed = f"{layer_checksum(*parts):08x}".encode()
        return sample.with_file(PICTURE, data[: label.start(2)] + summed + data[label.end(2) :])

    def read(self, place: Path) -> None:
        """Do with the layers whatever is done with a stack's."""
        mark(place)
        layer_key(place / PICTURE)
        layer_label(place / PICTURE)
        with closing(LayerFolder(place, STACK)) as folder:
            label = None
            with suppress(OutputError):
                label = folder.label(NAME, ReadBuffer())
            if label is not None:
                with suppress(OutputError):
                    folder.relabel(NAME, label, RequestSummary("ef" * 32, 2, 1, 1))
            for work in (folder.names, folder.sizes, folder.blank, folder.remove):
                with suppress(OutputError):
                    work()


READER = Labels()
