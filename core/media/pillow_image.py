# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files in memory, opened by Pillow: for what OpenCV does not say or read."""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


@contextmanager
def open_with_pillow(data: bytes, *formats: str) -> "Iterator[Image.Image]":
    """Open an image file's bytes; nothing is printed.

    Parameters
    ----------
    data : bytes
        The file's bytes.
    *formats : str
        The formats that it may be of, as Pillow names them.

    Yields
    ------
    PIL.Image.Image
        The image, not decoded yet.

    Raises
    ------
    ValueError
        They, or what is done with the image in the `with` block, are damaged.
    """
    # Imported here: few images need it, and it takes 30 ms.
    from PIL import Image

    with (
        translate_pillow_errors(*formats),
        Image.open(BytesIO(data), formats=formats) as image,  # gate: memory
    ):
        yield image


@contextmanager
def translate_pillow_errors(*formats: str) -> Iterator[None]:
    """Raise ValueError for whatever Pillow raises in the `with` block for a damaged file, and print nothing."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # Of damaged metadata, and of a size that is checked by `bounds`.
            warnings.simplefilter("ignore")
            yield
    except (
        OSError,
        SyntaxError,
        EOFError,
        RuntimeError,
        struct.error,
        LookupError,
        TypeError,
        ArithmeticError,
        Image.DecompressionBombError,
    ) as fault:
        raise ValueError(f"not readable as {', '.join(formats)}: {fault}") from fault
