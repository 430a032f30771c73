# SPDX-License-Identifier: GPL-3.0-or-later
"""A spoilt layer picture: its label is read, and written anew."""

import re
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
from understudy.core.errors import OutputError
from understudy.core.fusion.label import (
    LABEL_BYTES,
    TILE_BYTES,
    Asked,
    body_offset,
    layer_key,
    layer_label,
    picture_checksum,
    relabel,
)
from understudy.core.fusion.layer import Patch, write_layer
from understudy.core.fusion.stand_in import write_stand_in

from ..sample import Sample

PICTURE = "000000.tif"
_LABEL = re.compile(rb"understudy layer ([0-9a-f]{64}) ([0-9a-f]{8})")


class Labels:
    """See the module."""

    name = "labels"

    def samples(self) -> list[Sample]:
        """Return a layer with a face, one without, and a stand-in."""
        with tempfile.TemporaryDirectory() as made:
            paths = [Path(made) / name for name in ("face", "none", "stand-in")]
            patch = Patch(10, 12, np.full((20, 20, 4), 200, np.uint8))
            write_layer(paths[0], "ab" * 32, patch, (100, 90), Asked("cd" * 32, 1, 0, 0))
            write_layer(paths[1], "ab" * 32, None, (100, 90))
            write_stand_in(paths[2])
            return [Sample({PICTURE: path.read_bytes()}) for path in paths]

    def mend(self, sample: Sample) -> Sample:
        """Make the label's checksum right."""
        data = sample.files.get(PICTURE, b"")
        label = _LABEL.search(data)
        if label is None:
            return sample
        body = body_offset(label.start() + LABEL_BYTES)
        parts = data[: label.start()], data[body : body + TILE_BYTES], data[body + TILE_BYTES :]
        summed = f"{picture_checksum(*parts):08x}".encode()
        return sample.with_file(PICTURE, data[: label.start(2)] + summed + data[label.end(2) :])

    def read(self, place: Path) -> None:
        """Read the label twice, with room and without, and say something else in it."""
        picture = place / PICTURE
        layer_key(picture)
        label = layer_label(picture, bytearray())
        if label is not None:
            with suppress(OutputError):
                relabel(picture, label, Asked("ef" * 32, 2, 1, 1))


READER = Labels()
