# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest model file: one product of matrices."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def _small_model() -> bytes:
    weight = numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(2, 3), "w")
    return helper.make_model(
        helper.make_graph(
            [helper.make_node("MatMul", ["x", "w"], ["y"])],
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
            [weight],
        )
    ).SerializeToString()


SMALL_MODEL = _small_model()
