# SPDX-License-Identifier: GPL-3.0-or-later
"""A sheet as one PNG image."""

from io import BytesIO
from typing import TYPE_CHECKING

from ..errors import OutputError
from ..export.provenance import COMMENT
from ..system.version import program_name
from .layout import LayoutCell, LayoutRow, Section, cell_text, lay_out
from .lettering import draw_line, wrap_lines
from .sheet import Sheet

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

_GROUND, _FAULT_GROUND = (24, 24, 24), (58, 30, 30)
_INK, _FAINT_INK = (235, 235, 235), (160, 160, 160)
_MARK_INK, _FAULT_INK = (232, 201, 138), (245, 190, 180)
_MARGIN, _GAP, _SECTION_GAP = 16, 8, 20
_LABEL_PIXELS, _MARK_PIXELS = 190, 320
_TITLE_TEXT, _HEAD_TEXT, _TEXT, _SMALL_TEXT = 22, 18, 14, 12
_TITLE_LINE, _MARK_LINE, _HEAD_LINE, _TEXT_LINE, _CAPTION_LINE = 34, 28, 46, 18, 20
_MAX_DETAIL_LINES = 6


def encode_contact_image(sheet: Sheet) -> bytes:
    """Return a sheet as a PNG file, which says in its metadata and in the image that it shows composites.

    Raises OutputError where it is too large.
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
        file = BytesIO()
        image.save(file, "PNG", pnginfo=text)  # gate: memory
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
    left = _MARGIN + _LABEL_PIXELS
    for place, (label, word) in enumerate(section.columns):
        at = left + place * (cell[0] + _GAP)
        draw_line(draw, label, (at, top), cell[0], _HEAD_TEXT, _INK)
        draw_line(draw, word, (at, top + 23), cell[0], _TEXT, _FAINT_INK)
    top += _HEAD_LINE
    for row in section.rows:
        _draw_label(draw, row, top, cell[1] + _CAPTION_LINE)
        for place, shown in enumerate(row.cells):
            _draw_cell(image, draw, shown, (left + place * (cell[0] + _GAP), top), cell)
        top += cell[1] + _CAPTION_LINE + _GAP
    return top


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
    if cell.image is not None:
        image.paste(Image.fromarray(cell.image), at)
    else:
        draw.rectangle((left, top, left + size[0] - 1, top + size[1] - 1), fill=_FAULT_GROUND)
        most = max((size[1] - 2 * _GAP) // _TEXT_LINE, 1)
        for place, line in enumerate(wrap_lines(f"failed: {cell.fault}", size[0] - 2 * _GAP, _TEXT, most)):
            where = left + _GAP, top + _GAP + place * _TEXT_LINE
            draw_line(draw, line, where, size[0] - 2 * _GAP, _TEXT, _FAULT_INK)
    draw_line(draw, cell_text(shown), (left, top + size[1] + 4), size[0], _SMALL_TEXT, _FAINT_INK)
