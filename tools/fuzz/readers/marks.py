# SPDX-License-Identifier: GPL-3.0-or-later
"""Marked images and movies that are spoilt: `verify` says something of each, and a mark is written or refused."""

import io
import zlib
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image
from understudy.core.errors import OutputError
from understudy.core.export.exr_file import encode_exr
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.provenance.facts import EMBEDDED, CompositeFacts
from understudy.core.provenance.marker import FileMarker
from understudy.core.provenance.settings import MarkSettings
from understudy.core.provenance.verdict_text import verdict_lines
from understudy.core.provenance.verify import verify_file

from ..sample import Sample

_FACTS = CompositeFacts("Understudy", EMBEDDED, ("ab" * 32,), (), ("sha256:" + "cd" * 32,))
_FORMATS = {"a.png": "PNG", "a.jpg": "JPEG", "a.tif": "TIFF", "a.webp": "WEBP"}
_PIXELS = np.arange(12 * 16 * 3, dtype=np.uint8).reshape(12, 16, 3)
_SIDECAR = "a.mp4.understudy.json"


class Marks:
    """See the module."""

    name = "marks"

    def samples(self) -> list[Sample]:
        """Return a marked file of each format."""
        marker, files = self._marker(), {}
        for name, form in _FORMATS.items():
            data = io.BytesIO()
            Image.fromarray(_PIXELS).save(data, form)
            files[name] = marker.image(data.getvalue(), name)
        files["a.exr"] = marker.image(encode_exr(_PIXELS, primaries=1), "a.exr")
        with VideoWriter(Path("a.mp4"), 16, 12, Fraction(25)) as writer:
            writer.mark_with(marker.movie)
            writer.write(_PIXELS)
        files["a.mp4"] = Path("a.mp4").read_bytes()
        Path("a.mp4").unlink()
        samples = [Sample({name: data}) for name, data in files.items()]
        return [*samples, Sample({"a.mp4": files["a.mp4"], _SIDECAR: b'{"content": "", "facts": {}}'})]

    def mend(self, sample: Sample) -> Sample:
        """Make the checksums of a PNG file's chunks right."""
        raw = bytearray(sample.files.get("a.png", b""))
        place = 8
        while place + 12 <= len(raw):
            end = place + 8 + int.from_bytes(raw[place : place + 4])
            if end + 4 > len(raw):
                break
            raw[end : end + 4] = zlib.crc32(raw[place + 4 : end]).to_bytes(4)
            place = end + 4
        return sample.with_file("a.png", bytes(raw)) if raw else sample

    def read(self, place: Path) -> None:
        """Say what the marks say, and mark the files again."""
        for path in place.glob("a.*"):
            list(verdict_lines(verify_file(path)))
            if not path.name.endswith(".json"):
                with suppress(OutputError):
                    self._marker().finished_file(path)

    @staticmethod
    def _marker() -> FileMarker:
        return FileMarker(MarkSettings(), lambda: _FACTS)


READER = Marks()
