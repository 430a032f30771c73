# SPDX-License-Identifier: GPL-3.0-or-later
"""Run networks as the catalogue's families say: images in, images out, in batches where the file allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelError
from ..face.types import Floats, Pixels
from ..models.catalog import Family, mismatch
from ..models.model_file import ModelFile
from ..models.onnx_file import OnnxInfo
from ..models.onnx_skeleton import onnx_info_of
from ..models.session import ModelPool

_MAX_BATCH = 16
_SYMMETRIC_MEAN = 127.5
_PROJECTION_SHAPE = (512, 512)

Tensors = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model file whose inputs and outputs are known to be those of its family."""

    file: ModelFile
    family: Family
    facts: OnnxInfo
    supports_batches: bool
    """Whether it takes several images in one run."""

    @property
    def size(self) -> int:
        """Side of its image in pixels: the family's, or for networks of any size the file's own."""
        if self.family.size:
            return self.family.size
        rows = (tensor.shape or () for tensor in (*self.facts.inputs[:1], *self.facts.outputs[:3]))
        sizes = [shape[1] for shape in rows if len(shape) == 4 and isinstance(shape[1], int)]
        if not sizes:
            raise ModelError(
                f"{self.file.path.name} does not say how large its images are: export it with a size"
            )
        return sizes[0]


class ModelRunner:
    """Opens networks once and runs them on one pool."""

    def __init__(self, pool: ModelPool) -> None:
        self._pool = pool
        self._models: dict[tuple[str, str], LoadedModel] = {}

    @property
    def picture_key_inputs(self) -> dict[str, str]:
        """What the processor adds to the keys of the pictures that the networks draw."""
        return self._pool.picture_key_inputs

    def load(self, file: ModelFile, family: Family) -> LoadedModel:
        """Return a file as a network of a family. ModelError says what was expected and what was found."""
        name = (file.sha256, family.path)
        if name not in self._models:
            self._models[name] = _load_and_check(file, family)
        return self._models[name]

    def open_ahead(self, model: LoadedModel) -> None:
        """Begin to open a network that will be run soon, on another thread."""
        self._pool.open_ahead(
            model.file, exact=self._is_exact(model), keep_initializer=_has_projection(model.family)
        )

    def projection(self, model: LoadedModel) -> Floats | None:
        """Return the (512, 512) matrix that inswapper's source vectors are multiplied by; None for other families.

        ModelError if the model can't be opened.
        """
        if not _has_projection(model.family):
            return None
        return self._pool.last_initializer(model.file, exact=self._is_exact(model))

    def _is_exact(self, model: LoadedModel) -> bool:
        return model.family.role not in self._pool.processor.reduced_roles

    def run(
        self, model: LoadedModel, inputs: Tensors, constant_inputs: Tensors | None = None
    ) -> list[Floats]:
        """Run a network.

        Parameters
        ----------
        model : LoadedModel
            The network.
        inputs : dict of str to ndarray
            With one row an image.
        constant_inputs : dict of str to ndarray, optional
            Those that are the same for every run.

        Returns
        -------
        list of ndarray
            Every output that its family names, with one row an image.

        Raises
        ------
        ModelError
            It can't be run, or gives something else.
        """
        count = len(next(iter(inputs.values())))
        outputs = tuple(tensor.name for tensor in model.facts.outputs[: len(model.family.outputs)])
        step = _MAX_BATCH if model.supports_batches else 1
        parts = [
            self._pool.run(
                model.file,
                {name: value[at : at + step] for name, value in inputs.items()} | dict(constant_inputs or {}),
                outputs,
                exact=self._is_exact(model),
            )
            for at in range(0, count, step)
        ]
        joined = [np.concatenate(rows) for rows in zip(*parts, strict=True)]
        for name, values in zip(outputs, joined, strict=True):
            if len(values) != count or not np.isfinite(values).all():
                raise ModelError(
                    f"{model.file.path.name} gave no usable {name}: {values.shape}, or not finite"
                )
        return [np.asarray(values, np.float32) for values in joined]


def postprocess(tensor: Floats, model: LoadedModel) -> Pixels:
    """Turn a network's images into pixels; beyond black and white they are cut off.

    Networks that take -1..1 give -1..1; all others give 0..1, whatever they take.

    Parameters
    ----------
    tensor : ndarray, shape (k, 3, s, s), float32
        The images.
    model : LoadedModel
        The network that made them.

    Returns
    -------
    ndarray, shape (k, s, s, 3), uint8
        RGB.

    Raises
    ------
    ModelError
        The tensor holds no square images.
    """
    family = model.family
    images = tensor if family.layout == "nhwc" else np.moveaxis(tensor, 1, -1)
    if images.ndim != 4 or images.shape[3] != 3 or images.shape[1] != images.shape[2]:
        raise ModelError(f"{model.file.path.name} gave {tensor.shape} where images were expected")
    values = (images + 1) / 2 if family.mean[0] == _SYMMETRIC_MEAN else images
    rgb = values[..., ::-1] if family.colour == "bgr" else values
    return np.asarray(np.round(np.clip(rgb, 0, 1) * 255), np.uint8)


def _has_projection(family: Family) -> bool:
    return family.values.get("source") == "emap"


def _load_and_check(file: ModelFile, family: Family) -> LoadedModel:
    facts = onnx_info_of(file.path)
    file.require_unchanged()
    wrong = mismatch(family, facts)
    if wrong:
        raise ModelError(f"{file.path} is no {family.title} model: {wrong}")
    if _has_projection(family):
        last = facts.initializers[-1] if facts.initializers else None
        if last is None or last.shape != _PROJECTION_SHAPE:
            raise ModelError(
                f"{file.path} is no {family.title} model: its last initializer was expected to be 512 x 512, "
                f"and is {last}"
            )
    # An input with one value for the whole run, such as DFM's morph, has no row for each image.
    rows = [tensor.shape for tensor in facts.inputs if tensor.shape is None or len(tensor.shape) > 1]
    outputs = [tensor.shape for tensor in facts.outputs[: len(family.outputs)]]
    batches = all(shape is None or (shape and isinstance(shape[0], str)) for shape in rows + outputs)
    return LoadedModel(file, family, facts, batches)
