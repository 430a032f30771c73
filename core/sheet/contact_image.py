# SPDX-License-Identifier: GPL-3.0-or-later
"""A sheet as one PNG image."""

from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from ..errors import OutputError
from ..export.provenance import COMMENT
from ..system.version import program_name
from .layout import LayoutCell, LayoutRow, Section, cell_text, lay_out
from .lettering import draw_line, wrap_lines
from .sheet import Sheet
from .source_label import PNG_KEY, label_text

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

_GROUND, _FAULT_GROUND = (24, 24, 24), (58, 30, 30)
_INK, _FAINT_INK = (235, 235, 235), (160, 160, 160)
_MARK_INK, _FAULT_INK = (232, 201, 138), (245, 190, 180)
_MARGIN, _GAP, _SECTION_GAP = 16, 8, 20
_LABEL_PIXELS, _MARK_PIXELS = 190, 320
_TITLE_TEXT, _HEAD_TEXT, _TEXT, _SMALL_TEXT = 22, 18, 14, 12
_TITLE_LINE, _MARK_LINE, _HEAD_LINE, _TEXT_LINE, _CAPTION_LINE = 34, 28, 46, 18, 20
_PENDING_GROUND = (36, 36, 36)
_MAX_DETAIL_LINES = 6
_DRAFT_COMPRESSION, _COMPRESSION = 1, 6


class CellPlace(NamedTuple):
    """Where a cell of a variant is in the sheet's image, in pixels from the top left corner."""

    variant: int
    column: int
    left: int
    top: int
    width: int
    height: int


def cell_places(sheet: Sheet) -> tuple[CellPlace, ...]:
    """Return where the cells of the variants are in the image that `encode_contact_image` makes."""
    numbers = {
        id(cell): (variant, column)
        for variant, cells in enumerate(sheet.cells)
        for column, cell in enumerate(cells)
    }
    size, top = _cell_size(sheet), _MARGIN + _TITLE_LINE + _MARK_LINE
    places = []
    for section in lay_out(sheet):
        first = top + (_TITLE_LINE if section.title else 0) + _HEAD_LINE
        for down, row in enumerate(section.rows):
            for along, shown in enumerate(row.cells):
                if shown is not None and id(shown.cell) in numbers:
                    left, upper = _cell_corner(along, down, first, size)
                    places.append(CellPlace(*numbers[id(shown.cell)], left, upper, *size))
        top += _section_height(section, size) + _SECTION_GAP
    return tuple(places)


def encode_contact_image(sheet: Sheet, *, is_draft: bool = False) -> bytes:
    """Return a sheet as a PNG file, which says in its metadata and in the image that it shows composites.

    Of an unfinished one the pending cells are empty; a draft is encoded sooner. Raises OutputError where it is too
    large.
    """
    from PIL import Image, ImageDraw, PngImagePlugin

    sections = lay_out(sheet)
    cell = _cell_size(sheet)
    try:
        image = Image.new("RGB", _image_size(sections, cell), _GROUND)
        draw = ImageDraw.Draw(image)
        top = _draw_title(draw, sheet, image.width - 2 * _MARGIN)
        for section in sections:
            top = _draw_section(image, draw, section, cell, top) + _SECTION_GAP
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", COMMENT)
        text.add_text("Software", program_name())
        text.add_text(PNG_KEY, label_text(sheet.source_hashes))
        file = BytesIO()
        compression = _DRAFT_COMPRESSION if is_draft else _COMPRESSION
        image.save(file, "PNG", pnginfo=text, compress_level=compression)  # gate: memory
    except (ValueError, MemoryError, OverflowError) as error:
        raise OutputError(
            "the sheet's image is too large: give fewer takes or frames, or a smaller --size"
        ) from error
    return file.getvalue()


def _cell_size(sheet: Sheet) -> tuple[int, int]:
    """Return the width and height of a cell: of the images, which are all of one size."""
    rows = (sheet.originals, *sheet.cells)
    image = next((cell.image for row in rows for cell in row if cell.image is not None), None)
    return (image.shape[1], image.shape[0]) if image is not None else (160, 160)


def _image_size(sections: tuple[Section, ...], cell: tuple[int, int]) -> tuple[int, int]:
    columns = max(len(section.columns) for section in sections)
    width = 2 * _MARGIN + max(_LABEL_PIXELS + columns * (cell[0] + _GAP) - _GAP, _MARK_PIXELS)
    heights = [_section_height(section, cell) + _SECTION_GAP for section in sections]
    return width, 2 * _MARGIN + _TITLE_LINE + _MARK_LINE + sum(heights) - _SECTION_GAP


def _section_height(section: Section, cell: tuple[int, int]) -> int:
    title = _TITLE_LINE if section.title else 0
    return title + _HEAD_LINE + len(section.rows) * (cell[1] + _CAPTION_LINE + _GAP)


def _draw_title(draw: "ImageDraw.ImageDraw", sheet: Sheet, width: int) -> int:
    """Draw the clip's name and the mark; return where what follows begins."""
    draw_line(draw, sheet.clip, (_MARGIN, _MARGIN), width, _TITLE_TEXT, _INK)
    draw_line(draw, COMMENT, (_MARGIN, _MARGIN + _TITLE_LINE - 4), width, _TEXT, _MARK_INK)
    return _MARGIN + _TITLE_LINE + _MARK_LINE


def _draw_section(
    image: "Image.Image", draw: "ImageDraw.ImageDraw", section: Section, cell: tuple[int, int], top: int
) -> int:
    """Draw a table; return where it ends."""
    if section.title:
        draw_line(draw, section.title, (_MARGIN, top), image.width - 2 * _MARGIN, _HEAD_TEXT, _INK)
        top += _TITLE_LINE
    for place, (label, word) in enumerate(section.columns):
        at, _ = _cell_corner(place, 0, top, cell)
        draw_line(draw, label, (at, top), cell[0], _HEAD_TEXT, _INK)
        draw_line(draw, word, (at, top + 23), cell[0], _TEXT, _FAINT_INK)
    top += _HEAD_LINE
    for down, row in enumerate(section.rows):
        _, upper = _cell_corner(0, down, top, cell)
        _draw_label(draw, row, upper, cell[1] + _CAPTION_LINE)
        for along, shown in enumerate(row.cells):
            _draw_cell(image, draw, shown, _cell_corner(along, down, top, cell), cell)
    return top + len(section.rows) * (cell[1] + _CAPTION_LINE + _GAP)


def _cell_corner(along: int, down: int, top: int, cell: tuple[int, int]) -> tuple[int, int]:
    """Return the left and upper edge of a cell of a section whose cells begin at `top`."""
    return _MARGIN + _LABEL_PIXELS + along * (cell[0] + _GAP), top + down * (cell[1] + _CAPTION_LINE + _GAP)


def _draw_label(draw: "ImageDraw.ImageDraw", row: LayoutRow, top: int, height: int) -> None:
    width, bottom = _LABEL_PIXELS - _GAP, top + height
    lines = [(line, _HEAD_TEXT, _INK) for line in wrap_lines(row.label, width, _HEAD_TEXT, 2)]
    for detail in row.details:
        lines += [(line, _TEXT, _FAINT_INK) for line in wrap_lines(detail, width, _TEXT, _MAX_DETAIL_LINES)]
    for line, pixels, color in lines:
        if top + pixels > bottom:
            return
        draw_line(draw, line, (_MARGIN, top), width, pixels, color)
        top += pixels + 6


def _draw_cell(
    image: "Image.Image",
    draw: "ImageDraw.ImageDraw",
    shown: LayoutCell | None,
    at: tuple[int, int],
    size: tuple[int, int],
) -> None:
    from PIL import Image

    left, top = at
    if shown is None:
        return
    cell = shown.cell
    if cell.state == "pending":
        draw.rectangle((left, top, left + size[0] - 1, top + size[1] - 1), fill=_PENDING_GROUND)
        return
    if cell.image is not None:
        image.paste(Image.fromarray(cell.image), at)
    else:
        draw.rectangle((left, top, left + size[0] - 1, top + size[1] - 1), fill=_FAULT_GROUND)
        most = max((size[1] - 2 * _GAP) // _TEXT_LINE, 1)
        for place, line in enumerate(wrap_lines(f"failed: {cell.fault}", size[0] - 2 * _GAP, _TEXT, most)):
            where = left + _GAP, top + _GAP + place * _TEXT_LINE
            draw_line(draw, line, where, size[0] - 2 * _GAP, _TEXT, _FAULT_INK)
    draw_line(draw, cell_text(shown), (left, top + size[1] + 4), size[0], _SMALL_TEXT, _FAINT_INK)
