# SPDX-License-Identifier: GPL-3.0-or-later
"""Mark a sheet's image as the renders that it shows are marked."""

from functools import partial

from ..media.source import ClipSource
from ..models.library import ModelLibrary
from ..provenance.marker import FileMarker
from ..provenance.settings import MarkSettings
from ..sessions.composite_facts import CompositeFactsFinder
from .sheet import Sheet


def mark_sheet(
    data: bytes, name: str, sheet: Sheet, clip: ClipSource, library: ModelLibrary, marks: MarkSettings
) -> tuple[bytes, tuple[str, ...]]:
    """Return a sheet's file with its marks.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        Its name, whose ending tells the format. A page is returned as it is: it says what it is in its text alone.
    sheet : Sheet
        What the file shows.
    clip : ClipSource
        The clip of its frames.
    library : ModelLibrary
        The models that it was made with.
    marks : MarkSettings
        How outputs are marked.

    Returns
    -------
    tuple of bytes and tuple of str
        The file, and what could not be marked. A sheet that shows no new face has no mark.

    Raises
    ------
    OutputError
        It can't be marked, and marks are required.
    """
    if not sheet.is_composite:
        return data, ()
    finder = CompositeFactsFinder(library)
    requests = [variant.request for variant in sheet.variants]
    marker = FileMarker(marks, partial(finder.find, requests, [clip]))
    return marker.image(data, name), marker.warnings
