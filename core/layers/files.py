# SPDX-License-Identifier: GPL-3.0-or-later
"""The files in a layer folder by the forms of their names, and how their images are taken out of them."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from ..errors import OutputError
from ..filesystem import Folder, FolderEntry, temporary_name
from .placeholder import PLACEHOLDER, VISIBLE_BYTES, has_placeholder_size, is_visible_placeholder

STACK_ID = re.compile(r"[0-9a-f]{16}")
LAYER_NAME = re.compile(r"[0-9]{6,9}\.tif")
# What a write that was killed leaves behind: as it is now, and as it was in versions before.
_LEFTOVER = re.compile(r"\.[0-9]{6,9}(\.[0-9a-f]{8}\.tif|\.tif\.[0-9]+-[0-9]+)\.tmp")
_MAX_PASSES = 3
_MAX_KNOWN_IDS = 1 << 14


@lru_cache(_MAX_KNOWN_IDS)
def is_stack_id(text: str) -> bool:
    """Tell whether a text has the form of a stack's id. Those of a whole timeline are looked at with each edit."""
    return STACK_ID.fullmatch(text) is not None


@dataclass(frozen=True)
class BlankingReport:
    """What became of layer files that were to be made transparent."""

    layers: int = 0
    """Layers that were made transparent."""
    leftovers: int = 0
    """Temporary files of runs that were killed, which were removed."""
    rewrites: int = 0
    """Layers that somebody wrote again meanwhile, and temporary files that somebody made."""
    foreign: int = 0
    """Things that lie among the layers and are not ours: they were left."""
    faults: tuple[str, ...] = ()
    """Why layers or temporary files could not be made transparent or removed, one line each."""

    def __add__(self, other: "BlankingReport") -> "BlankingReport":
        return BlankingReport(
            self.layers + other.layers,
            self.leftovers + other.leftovers,
            self.rewrites + other.rewrites,
            self.foreign + other.foreign,
            (*self.faults, *other.faults),
        )


def blank_folder(
    folder: Folder, mode: int, before_timestamp: float | None, describe_fault: Callable[[str, OSError], str]
) -> BlankingReport:
    """Put placeholders in the place of the layers in an open folder, and remove what killed runs left.

    `mode` are the placeholders' permissions; `describe_fault` makes a line of what went wrong with a name. Raises
    OSError where the folder can't be listed.
    """
    images, leftovers = 0, 0
    faults: dict[str, str] = {}
    for _ in range(_MAX_PASSES):
        entries = [entry for entry in folder.entries() if _may_show_face(folder, entry, before_timestamp)]
        for entry in entries:
            try:
                if is_layer(entry):
                    folder.write_file(entry.name, PLACEHOLDER, mode=mode)
                    images += 1
                else:
                    leftovers += folder.discard_file(entry.name)
            except FileNotFoundError:
                continue
            except OSError as error:
                faults[entry.name] = describe_fault(entry.name, error)
        if not entries:
            break
    after = list(folder.entries())
    still = [entry.name for entry in after if _may_show_face(folder, entry, before_timestamp)]
    foreign = sum(not is_layer(entry) and not is_leftover(entry) for entry in after)
    kept = tuple(text for name, text in faults.items() if name in still)
    return BlankingReport(images, leftovers, len(still) - len(kept), foreign, kept)


def require_stack_id(text: str) -> None:
    """Raise OutputError for what is no stack's id."""
    if not is_stack_id(text):
        raise OutputError(
            f"{text!r} is no id of a stack, which has 16 hex digits: remove the modifiers and add new ones"
        )


def require_layer_name(name: str) -> None:
    """Raise OutputError for what is no layer file's name."""
    if LAYER_NAME.fullmatch(name) is None:
        raise OutputError(f"{name!r} is no layer's name, which is a frame's number and .tif, as 000001.tif")


def create_placeholder(folder: Folder, name: str, mode: int) -> bool:
    """Put a placeholder where there is nothing; False where there is something: another process may have made a layer.

    Raises OSError.
    """
    try:
        folder.write_new_file(name, PLACEHOLDER, mode)
    except FileExistsError:
        return False
    return True


def replace_placeholders(folder: Folder, placeholder: bytes, mode: int) -> None:
    """Put another placeholder in the place of each that is in an open folder. Raises OSError."""
    first = ""
    for entry in folder.entries():
        size = entry.status.st_size
        if not (is_layer(entry) and entry.is_file and has_placeholder_size(size)) or size == len(placeholder):
            continue
        # Another process may have made the layer since the folder was listed.
        if not has_placeholder_size(folder.status(entry.name).st_size):
            continue
        if not first or not link_file(folder, first, entry.name):
            folder.write_file(entry.name, placeholder, mode=mode)
            first = entry.name


def link_new_file(folder: Folder, name: str, new_name: str) -> bool:
    """Give a file another name too, unless there is something of that name; False where no second name can be given."""
    try:
        folder.link(name, new_name)
    except FileExistsError:
        return True
    except OSError:
        return False
    return True


def link_file(source: Folder, name: str, to: str, target: Folder | None = None) -> bool:
    """Give a file another name, here or in `target`, in place of what has it; False where that can't be."""
    into = source if target is None else target
    try:
        source.link(name, to, into)
    except FileExistsError:
        beside = temporary_name(to)
        try:
            source.link(name, beside, into)
            into.rename(beside, to)  # gate: this is its own
            into.discard_file(beside)  # two names of the same file are both left by the system
        except OSError:
            return False
    except OSError:
        return False
    return True


def is_layer(entry: FolderEntry) -> bool:
    """Tell whether something has a layer's name; what is put in a layer's place is ours to replace, but no folder."""
    return LAYER_NAME.fullmatch(entry.name) is not None and not entry.is_folder


def is_leftover(entry: FolderEntry) -> bool:
    """Tell whether something has the name of a layer that was being written."""
    return _LEFTOVER.fullmatch(entry.name) is not None and not entry.is_folder


def _may_show_face(folder: Folder, entry: FolderEntry, before_timestamp: float | None) -> bool:
    """Tell whether something may show a face: a layer that is more than a placeholder, or what is left of one."""
    if not is_layer(entry):
        return is_leftover(entry)
    more = not entry.is_file or entry.status.st_size > len(PLACEHOLDER)
    if more and entry.is_file and entry.status.st_size == VISIBLE_BYTES:
        with suppress(OSError):
            more = not is_visible_placeholder(folder.read_beginning(entry.name, VISIBLE_BYTES))
    return more and (before_timestamp is None or entry.status.st_mtime < before_timestamp)
