# SPDX-License-Identifier: GPL-3.0-or-later
"""A model that can be run."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ModelError
from ..face.types import Floats

if TYPE_CHECKING:
    import onnxruntime


class OpenModel(NamedTuple):
    """A model that can be run."""

    session: "onnxruntime.InferenceSession"
    last_initializer: Floats | None
    """Where it was asked for, or is known anyway."""

    def require_outputs(self, names: Sequence[str], path: Path) -> None:
        """Raise ModelError, which names the file `path`, unless it has outputs of these names."""
        missing = set(names) - {output.name for output in self.session.get_outputs()}
        if missing:
            raise ModelError(f"{path} is not the expected model: it lacks the output {sorted(missing)[0]!r}")
