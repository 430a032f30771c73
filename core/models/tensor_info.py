# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ONNX file says of one of its tensors."""

from dataclasses import dataclass

Dim = int | str
DTYPES = {1: "float32", 2: "uint8", 3: "int8", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16"}
DTYPES |= {4: "uint16", 8: "string", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16"}
"""ONNX's numbers of element types, and the names that NumPy has for them."""


@dataclass(frozen=True)
class TensorInfo:
    """An input, output or initializer: its name, element type and shape; a dynamic size is its name or `?`."""

    name: str
    dtype: str
    shape: tuple[Dim, ...] | None
    """None where the file does not say."""

    def __str__(self) -> str:
        sizes = "any shape" if self.shape is None else " x ".join(map(str, self.shape)) or "one value"
        return f"{self.name or 'unnamed'} ({self.dtype} {sizes})"
