# SPDX-License-Identifier: GPL-3.0-or-later
"""A spoilt ONNX file, or what lies beside one: walked, and found in a folder of models."""

from contextlib import suppress
from pathlib import Path

import numpy as np
from understudy.core.errors import ModelError
from understudy.core.models.library import ModelLibrary
from understudy.core.models.onnx_file import last_initializer, read_model_file, read_onnx_info
from understudy.core.models.onnx_writer import GraphWriter

from ..sample import Sample

MODEL = "net.onnx"
STATEMENT = "net.onnx.toml"


def small_model() -> bytes:
    """Return a model of a few nodes that takes a picture and gives a vector."""
    graph = GraphWriter("small")
    picture = graph.input("input", "float32", 1, 3, 112, 112)
    weights = graph.constant(np.arange(12, dtype=np.float32).reshape(1, 3, 2, 2))
    made = graph.node("Conv", picture, weights, strides=[2, 2]).mean(2, 3) * 0.5 + 1.0
    graph.output(made, "output", "float32", 1, "n")
    return graph.model()


class Models:
    """See the module."""

    name = "models"

    def samples(self) -> list[Sample]:
        """Return a model alone, and one with a statement beside it."""
        said = b'family = "embed/arcface"\nlicence = "MIT"\nvendor = "somebody"\ncommercial = true\n'
        return [Sample({MODEL: small_model()}), Sample({MODEL: small_model(), STATEMENT: said})]

    def mend(self, sample: Sample) -> Sample:
        """Return it as it is: a model has no checksum."""
        return sample

    def read(self, place: Path) -> None:
        """Walk the file, and look for it as a render does."""
        path = place / MODEL
        with suppress(ModelError):
            data = read_model_file(path)
            with suppress(ModelError):
                read_onnx_info(data, path)
            last_initializer(data, path)
        with suppress(ModelError):
            ModelLibrary([place]).local_models()


READER = Models()
