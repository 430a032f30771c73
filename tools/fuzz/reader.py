# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be fuzzed: something that makes valid inputs and reads any."""

from pathlib import Path
from typing import Protocol

from .sample import Sample


class Reader(Protocol):
    """One reader of ours. An exception out of `read` is a finding."""

    @property
    def name(self) -> str:
        """What it is called on the command line, and its folder of seeds."""

    def samples(self) -> list[Sample]:
        """Return valid inputs, made by our own writers."""

    def mend(self, sample: Sample) -> Sample:
        """Make checksums right again, so that what lies behind them is read."""

    def read(self, place: Path) -> None:
        """Read the input that lies in a folder, and raise where that ends otherwise than documented."""
