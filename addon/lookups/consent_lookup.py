# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the consent file of a project has a record for a source person, looked up beside drawing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ...core.consent.consent_file import read_records
from ...core.consent.request_consent import ConsentOutlook, consent_outlook
from ...core.face.types import Pixels
from ...core.recipe.request import FaceImage, Identity


@dataclass(frozen=True)
class ConsentLookup:
    """What a file of consent records says of a person."""

    file: Path
    name: str
    images: tuple[FaceImage, ...]
    today: date

    def fetch(self) -> ConsentOutlook:
        """See `Lookup`."""
        return consent_outlook(Identity(self.images, self.name), read_records(self.file), self.today)

    def to_view(self, result: ConsentOutlook, _make_icon: Callable[[Pixels], int]) -> ConsentOutlook:
        """See `Lookup`."""
        return result
