# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a stack's layer files, `<cache>/layers/<stack id>/NNNNNN.tif`, and what may be done in it.

A project names the stack, and may come from anyone. So nothing is touched but files whose names have exactly this
form, in a folder whose name has exactly that form, below a folder that is a cache by its own marks; and none of it
through a link.
"""

import errno
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from ..cache.packs.layout import LAYERS_FOLDER
from ..errors import OutputError
from ..filesystem import Access, Folder, Location
from .files import (
    LAYER_NAME,
    STACK_ID,
    BlankingReport,
    blank_folder,
    create_placeholder,
    is_layer,
    is_leftover,
    is_stack_id,
    link_file,
    link_new_file,
    replace_placeholders,
    require_layer_name,
    require_stack_id,
)
from .folder_access import FolderAccess
from .label import MAX_LAYER_BYTES, Label, LabelPeek, ReadBuffer, RequestSummary
from .label_reader import LayerReader
from .placeholder import PLACEHOLDER, has_placeholder_size

__all__ = ["LAYER_NAME", "STACK_ID", "LayerFolder", "is_stack_id", "layer_folder_of"]


class LayerFolder:
    """The layer files of one stack. Every method raises OutputError; nothing is done through a link."""

    def __init__(self, root: Path, stack_id: str, access: Access = Access()) -> None:  # noqa: B008 - frozen
        """`root` is the cache folder. Raises OutputError for what is no stack's id."""
        require_stack_id(stack_id)
        self._folder = FolderAccess(Location(root) / LAYERS_FOLDER / stack_id, access)
        self._reader = LayerReader(self._folder.location)

    @classmethod
    def fallback(cls, root: Path, stack_id: str, access: Access = Access()) -> "LayerFolder":  # noqa: B008 - frozen
        """Return the folder `<root>/<stack id>`, below a folder that a run made for itself alone."""
        folder = cls(root, stack_id, access)
        folder._folder = FolderAccess(Location(root) / stack_id, access, in_cache_folder=False)
        folder._reader = LayerReader(folder._folder.location)
        return folder

    @property
    def path(self) -> Path:
        """The folder's path."""
        return self._folder.location.path

    def make(self) -> None:
        """Make the folder, and make what it lies in a cache folder, if need be."""
        self._folder.open_to_write(make=True).close()

    def exists(self) -> bool:
        """Tell whether there is the folder."""
        try:
            self._folder.location.open().close()
        except OSError:
            return False
        return True

    def names(self) -> list[str]:
        """Return the names of the layer files, sorted; none where there is no folder."""
        try:
            with self._folder.open_to_read() as folder:
                return sorted(name for name in folder.file_names() if LAYER_NAME.fullmatch(name))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._folder.error("look through", error) from error

    def sizes(self) -> list[int]:
        """Return the bytes of each layer file, placeholders too."""
        try:
            with self._folder.open_to_read() as folder:
                return [entry.status.st_size for entry in folder.entries() if is_layer(entry)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._folder.error("look through", error) from error

    def write(self, name: str, *pieces: bytes | memoryview) -> None:
        """Write a layer file of pieces that follow each other: it appears whole or not at all."""
        require_layer_name(name)
        try:
            self._write(name, pieces)
        except FileNotFoundError:
            # A purge removes temporary files, this one as well, and somebody may have removed the folder.
            try:
                self._write(name, pieces)
            except OSError as error:
                raise self._folder.error("write", error, name) from error
        except OSError as error:
            raise self._folder.error("write", error, name) from error

    def label(self, name: str, buffer: ReadBuffer | None = None) -> Label | None:
        """Return what a layer says of itself, see `LayerReader.label`."""
        require_layer_name(name)
        return self._reader.label(name, buffer, self._folder.access.file_mode)

    def peek_label(self, name: str) -> LabelPeek | None:
        """Return what a layer says of itself without reading its pixels, see `LayerReader.peek`."""
        require_layer_name(name)
        return self._reader.peek(name)

    def relabel(self, name: str, label: Label, summary: RequestSummary) -> bool:
        """Say in a layer that it is what is asked for now; False where that can't be, see `pieces_with_label`."""
        require_layer_name(name)
        pieces = self._reader.pieces_with_label(name, label, summary)
        if pieces:
            self.write(name, *pieces)
        return bool(pieces)

    def close(self) -> None:
        """Close what `label` opened; it may be asked again."""
        self._reader.close()

    def add_placeholders(self, names: Iterable[str]) -> None:
        """Put a placeholder for each layer that is not there: in place of a missing file Blender shows magenta."""
        wanted = set(names)
        for name in wanted:
            require_layer_name(name)
        try:
            opened = self._folder.open_to_write(make=True)
        except OutputError:
            # A folder that can't be written to is no trouble while all is in it.
            with suppress(OutputError):
                if wanted.issubset(self.names()):
                    return
            raise
        with opened as folder:
            try:
                self._write_placeholders(folder, wanted)
            except OSError as error:
                raise self._folder.error("write placeholders in", error) from error

    def _write_placeholders(self, folder: Folder, names: set[str]) -> None:
        """Put a placeholder for each layer that is not there into the open folder."""
        missing = sorted(names.difference(folder.file_names()))
        there = names.intersection(folder.names()) if missing else set()
        mode, first = self._folder.access.file_mode, ""
        for name in missing:
            if name in there:  # it is no file
                folder.write_file(name, PLACEHOLDER, mode=mode)
            elif first and link_new_file(folder, first, name):
                # One file under many names: layer files are replaced, never changed in place.
                continue
            elif not create_placeholder(folder, name, mode):
                continue
            first = name

    def replace_placeholders(self, placeholder: bytes) -> None:
        """Put another placeholder in the place of each that is there; layers stay as they are."""
        try:
            with self._folder.open_to_write() as folder:
                replace_placeholders(folder, placeholder, self._folder.access.file_mode)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._folder.error("write placeholders in", error) from error

    def copy_to(self, other: "LayerFolder", *, placeholders: bool = True) -> None:
        """Give another stack the layer files of this one; what can't be copied is made again later.

        Files are linked where the file system can. Without `placeholders` those are left out: they take as long, and
        `add_placeholders` makes the ones that the other stack shows.
        """
        try:
            with self._folder.open_to_read() as source:
                entries = [entry for entry in source.entries() if is_layer(entry) and entry.is_file]
                images = {entry.name for entry in entries if not has_placeholder_size(entry.status.st_size)}
                blank = {entry.name for entry in entries if placeholders} - images
                if images or blank:
                    self._copy_files(source, sorted(images), blank, other)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._folder.error("look through", error) from error

    def _copy_files(
        self, source: Folder, images: Sequence[str], placeholders: set[str], other: "LayerFolder"
    ) -> None:
        with other._folder.open_to_write(make=True) as target:
            try:
                for name in images:
                    if not link_file(source, name, name, target):
                        data = source.read_file(name, MAX_LAYER_BYTES)
                        target.write_file(name, data, mode=other._folder.access.file_mode)
                other._write_placeholders(target, placeholders)
            except OSError:
                return

    def remove(self) -> None:
        """Remove the layer files and what killed runs left of some, then the folder. Others' files stay, and so it."""
        try:
            with self._folder.open_to_write() as folder:
                for entry in folder.entries():
                    if is_layer(entry) or is_leftover(entry):
                        folder.discard_file(entry.name)
            with Location(self._folder.location.root, self._folder.location.names[:-1]).open() as above:
                above.remove_child(self._folder.location.names[-1])
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise self._folder.error("remove the layers in", error) from error

    def blank(self) -> int:
        """Put placeholders in the place of the layers: the original is seen. Return how many were more than that."""
        blanked = self.blank_with_report()
        if blanked.faults:
            raise OutputError(blanked.faults[0])
        return blanked.layers

    def blank_with_report(self, before_timestamp: float | None = None) -> BlankingReport:
        """Do as `blank` does, with layers made before a moment, in seconds since 1970; tell what became of them.

        What killed runs left is removed, however young: a write that this meets is done once more by its writer.
        """
        try:
            with self._folder.open_to_write() as folder:
                return blank_folder(
                    folder, self._folder.access.file_mode, before_timestamp, self._blank_fault
                )
        except FileNotFoundError:
            return BlankingReport()
        except OSError as error:
            raise self._folder.error("look through", error) from error

    def _write(self, name: str, pieces: tuple[bytes | memoryview, ...]) -> None:
        try:
            folder = self._folder.open_to_write()
        except FileNotFoundError:
            folder = self._folder.open_to_write(make=True)
        with folder:
            folder.write_file(name, *pieces, mode=self._folder.access.file_mode)

    def _blank_fault(self, name: str, error: OSError) -> str:
        return str(self._folder.error("take the face out of", error, name))


def layer_folder_of(path: Path, access: Access = Access()) -> tuple[LayerFolder, str]:  # noqa: B008 - frozen
    """Return the folder and the name of a layer file; OutputError unless it is `<cache>/layers/<id>/NNNNNN.tif`."""
    parts = path.parts
    if len(parts) < 4 or parts[-3] != LAYERS_FOLDER or not is_stack_id(parts[-2]):
        raise OutputError(f"{path} is no layer's place: that is layers/<id>/<frame>.tif in a cache folder")
    require_layer_name(parts[-1])
    return LayerFolder(path.parents[2], parts[-2], access), parts[-1]
