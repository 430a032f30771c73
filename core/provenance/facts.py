# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done to a file, as values that name nobody: people, clips and models are told by the hashes of their files.

No name, path or text of a user's is among them.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..cache.base.key import SHA256_HEX

NEURAL, EMBEDDED = "neural", "embedded"
MAX_HASHES = 200
"""So many source images and models are told at most: a JPEG file holds 64 KB of XMP."""
COMPOSITE_TEXT = "Composite: a face was replaced with Understudy"
_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_CLIP_HASH = re.compile(r"(sha256|sample-sha256):[0-9a-f]{64}", re.ASCII)
_MAX_TEXT = 100
_LICENCE = re.compile(rf"[ -~]{{1,{_MAX_TEXT}}}", re.ASCII)
OTHER_LICENCE = "other"
"""A licence in a user's own words, which no mark repeats."""


@dataclass(frozen=True)
class CompositeFacts:
    """What was done to the faces of a file.

    Attributes
    ----------
    software : str
        The program, and its version where that is known.
    engine : {"neural", "embedded"}
        Whether a trained model made pixels, or the embedded engine moved those of photographs.
    source_images : tuple of str
        Hex SHA-256 of the files of the source people's images; the first `MAX_HASHES` of them.
    models : tuple of str
        Hex SHA-256 of the model files that a recipe runs; the first `MAX_HASHES` of them.
    clips : tuple of str
        ``sha256:`` and the hex SHA-256 of each clip's file, or of the list of an image sequence's hashes;
        ``sample-sha256:`` and that of parts of it, where the clip is too large to be read for this.
    licences : tuple of str
        The licences of all models that were run, each once, as the catalogue words them; `OTHER_LICENCE` for one that a
        user worded. Empty in marks of before.
    is_commercial : bool
        Whether each of them surely allows commercial use: the strictest of the chain counts.
    """

    software: str
    engine: str
    source_images: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    clips: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    is_commercial: bool = False

    @property
    def digital_source_type(self) -> str:
        """The IPTC term for how the file came to be, as an address."""
        name = "compositeWithTrainedAlgorithmicMedia" if self.engine == NEURAL else "composite"
        return _SOURCE_TYPES + name

    def as_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        values: dict[str, object] = {
            "software": self.software,
            "engine": self.engine,
            "source_images": list(self.source_images),
            "models": list(self.models),
            "clips": list(self.clips),
        }
        if self.licences:
            values |= {"licenses": list(self.licences), "commercial": self.is_commercial}
        return values

    def as_json(self) -> str:
        """Return ASCII text that `facts_from_json` reads."""
        return json.dumps(self.as_dict(), separators=(",", ":"))


def facts_from_json(text: str) -> CompositeFacts | None:
    """Return the facts that a file holds; None where they are none. The file may come from anyone."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return facts_from(values) if isinstance(values, dict) else None


def facts_from(values: Mapping[str, object]) -> CompositeFacts | None:
    """Return the facts that `CompositeFacts.as_dict` made; None where they are none."""
    software, engine = values.get("software"), values.get("engine")
    if not isinstance(software, str) or len(software) > _MAX_TEXT or engine not in (NEURAL, EMBEDDED):
        return None
    images = _texts(values.get("source_images"), SHA256_HEX)
    models = _texts(values.get("models"), SHA256_HEX)
    clips = _texts(values.get("clips"), _CLIP_HASH)
    licences = _texts(values.get("licenses", []), _LICENCE)
    if images is None or models is None or clips is None or licences is None:
        return None
    is_commercial = bool(licences) and values.get("commercial") is True
    return CompositeFacts(software, str(engine), images, models, clips, licences, is_commercial)


def _texts(value: object, form: re.Pattern[str]) -> tuple[str, ...] | None:
    """Return the texts of a list, which all have a form; None of anything else."""
    if not isinstance(value, list) or len(value) > MAX_HASHES:
        return None
    if not all(isinstance(entry, str) and form.fullmatch(entry) for entry in value):
        return None
    return tuple(value)
