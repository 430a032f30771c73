# SPDX-License-Identifier: GPL-3.0-or-later
"""A model file, known by its content."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from ..errors import ModelError
from ..system.user_records import Record
from .hashes import file_sha256, file_stamp, forget_hash
from .onnx_file import read_model_file
from .openings import check_beside, is_large
from .read_errors import read_errors


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

    def can_be_opened_by_path(self) -> bool:
        """Tell whether its path will do for ONNX Runtime, and saves anything. ModelError if it can't be looked at."""
        # Names that are no UTF-8, whose parts are not printable, are for Python alone.
        return str(self.path).isprintable() and is_large(self._size_bytes())

    @contextmanager
    def verify_beside(self) -> Iterator[None]:
        """Make sure that the file is what the hash names while a `with` block reads it by its path.

        The block's end waits for that. ModelError if it is not, or is written to or replaced meanwhile, whatever the
        block raises.
        """
        stamp = file_stamp(self.path)
        with check_beside(self._verify_file, self._size_bytes()):
            yield
        if file_stamp(self.path) != stamp:
            raise self._changed_error()

    def read_and_verify(self) -> bytes:
        """Read the file: what is run or taken from it is what its hash, and so every key, names.

        ModelError if it can't be read, or is another file than when its hash was taken.
        """
        data = read_model_file(self.path)
        self.verify(data)
        return data

    def _size_bytes(self) -> int:
        with read_errors(self.path):
            return self.path.stat().st_size

    def _verify_file(self) -> None:
        if file_sha256(self.path) != self.sha256:
            raise self._changed_error()

    def _changed_error(self) -> ModelError:
        forget_hash(self.path)
        return ModelError(f"the model {self.path} changed while it was in use: run this again")
