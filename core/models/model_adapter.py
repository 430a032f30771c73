# SPDX-License-Identifier: GPL-3.0-or-later
"""A model file together with the contract it keeps and the pool that runs it: what adapters are made from."""

from dataclasses import dataclass
from typing import Protocol

from ..errors import ModelError
from ..face.types import Pixels
from .catalog import Family
from .model_file import ModelFile
from .preprocess import preprocess
from .session import ModelPool, Tensor


class Adapter(Protocol):
    """What does the work of a stage by one or more model files, and is named in its keys."""

    @property
    def name(self) -> str:
        """What the recipe calls it."""
        ...

    @property
    def version(self) -> int:
        """Raised when its code changes what it finds."""
        ...

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """The files it runs."""
        ...


@dataclass(frozen=True, eq=False)
class ModelAdapter:
    """One file of a family. Adapters add how its answer is read."""

    model: ModelFile
    family: Family
    pool: ModelPool

    @property
    def name(self) -> str:
        """What the recipe calls it."""
        return self.family.name

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """The files it runs."""
        return (self.model,)

    def infer(self, images: Pixels) -> list[Tensor]:
        """Run the network on images, at once where the model allows.

        Parameters
        ----------
        images : ndarray, shape (n, H, W, 3), uint8
            The images, RGB, of the size that the family takes.

        Returns
        -------
        list of ndarray
            All outputs, in the model's order.

        Raises
        ------
        ModelError
            The model can't be loaded or run.
        """
        exact = self.family.role not in self.pool.processor.reduced_roles
        return self.pool.run_batch(self.model, preprocess(images, self.family), exact=exact)

    def unexpected_output_error(self, output: str) -> ModelError:
        """Return the fault of a file whose answer is not what its family's is."""
        return ModelError(f"{self.model.path.name} is not the expected {self.family.title} model: {output}")
