# SPDX-License-Identifier: GPL-3.0-or-later
"""A model file, known by its content."""

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from ..errors import ModelError
from ..system.user_records import Record
from .hashes import file_sha256, file_stamp, forget_hash
from .onnx_file import read_model_file


@dataclass(frozen=True)
class ModelFile:
    """An ONNX file on disk."""

    path: Path
    cached_sha256: str = field(default="", compare=False)
    """Its hash, where it is remembered; empty to compute it."""

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the file: what the model is called in keys. ModelError if it can't be read."""
        return self._identity[0]

    @cached_property
    def _identity(self) -> tuple[str, Record]:
        stamp = file_stamp(self.path)
        return self.cached_sha256 or file_sha256(self.path), stamp

    def require_unchanged(self) -> None:
        """Make sure, without reading it, that it is the file whose hash was taken. ModelError if it is another."""
        if self._identity[1] != file_stamp(self.path):
            raise self._changed_error()

    def verify(self, data: bytes) -> None:
        """Make sure that bytes are what the hash names, and so every key. ModelError if they are not."""
        if sha256(data).hexdigest() != self.sha256:
            raise self._changed_error()

    def read_and_verify(self) -> bytes:
        """Read the file: what is run or taken from it is what its hash, and so every key, names.

        ModelError if it can't be read, or is another file than when its hash was taken.
        """
        data = read_model_file(self.path)
        self.verify(data)
        return data

    def _changed_error(self) -> ModelError:
        forget_hash(self.path)
        return ModelError(f"the model {self.path} changed while it was in use: run this again")
