# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the consent file of a project has a record for a source person, looked up beside drawing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ...core.consent.consent_file import read_records
from ...core.consent.record import ConsentState
from ...core.consent.request_consent import consent_state
from ...core.face.types import Pixels
from ...core.recipe.request import FaceImage, Identity


@dataclass(frozen=True)
class ConsentLookup:
    """What a file of consent records says of a person."""

    file: Path
    name: str
    images: tuple[FaceImage, ...]
    today: date

    def fetch(self) -> ConsentState:
        """See `Lookup`."""
        return consent_state(Identity(self.images, self.name), read_records(self.file), self.today)

    def to_view(self, result: ConsentState, _make_icon: Callable[[Pixels], int]) -> ConsentState:
        """See `Lookup`."""
        return result
