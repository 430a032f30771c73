# SPDX-License-Identifier: GPL-3.0-or-later
"""A sheet as one HTML page that needs nothing else: no script, no file beside it, no network."""

from base64 import b64encode
from collections.abc import Iterator
from html import escape

import cv2
import numpy as np

from ..errors import OutputError
from ..export.provenance import COMMENT
from ..face.types import Pixels
from ..reporting.quoting import quote
from ..system.version import program_name
from .layout import LayoutCell, Section, cell_text, cost_text, image_names, lay_out, settings_text
from .page_style import STYLE
from .sheet import Sheet
from .source_label import PAGE_NAME, label_text

_JPEG_QUALITY = 90
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_Place = tuple[int, int, int]
"""The section, row and column of a cell."""


def encode_page(sheet: Sheet) -> bytes:
    """Return a sheet as an HTML page in UTF-8. Whatever names say is shown, and does nothing.

    A cell that the pointer is over, or that has the focus, shows the original; one that is opened is large, with the
    original beside it and ways to the cells around it. Raises OutputError where an image can't be encoded.
    """
    sections = lay_out(sheet)
    title = _text(f"Casting sheet of {sheet.clip}")
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="{_text(program_name())}">\n'
        f'<meta name="description" content="{_text(COMMENT)}">\n'
        f'<meta name="{PAGE_NAME}" content="{label_text(sheet.source_hashes)}">\n'
        f'<link rel="icon" href="data:,">\n<title>{title}</title>\n'
        f"<style>\n{STYLE}{_image_rules(sheet, sections)}</style>\n</head>\n<body>\n"
    )
    tables = "".join(_table(sections, place) for place in range(len(sections)))
    page = f"{head}{_header(sheet, title)}<main>\n{tables}</main>\n</body>\n</html>\n"
    return page.encode("utf-8", errors="replace")


def _header(sheet: Sheet, title: str) -> str:
    lines = [f'<p class="mark">{_text(COMMENT)}.</p>', *(f"<p>{_text(line)}</p>" for line in _facts(sheet))]
    return f"<header>\n<h1>{title}</h1>\n" + "\n".join(lines) + "\n</header>\n"


def _facts(sheet: Sheet) -> Iterator[str]:
    if sheet.wedges:
        first = sheet.variants[0]
        yield f"Source: {first.name} ({image_names(first)})"
    recipes = {settings_text(variant) for variant in sheet.variants}
    names = [wedge.path for wedge in sheet.wedges]
    settings = sorted(
        {part for recipe in recipes for part in recipe.split(" ") if part.partition("=")[0] not in names}
    )
    yield f"Settings other than the defaults: {' '.join(settings) or 'none'}"
    if sheet.scan_cost.seconds:
        yield f"Choosing the frames: {cost_text(sheet.scan_cost, 'nothing analyzed')}"
    yield "Point at a cell to see the original, open it to see both large."


def _image_rules(sheet: Sheet, sections: tuple[Section, ...]) -> str:
    """Return the style rules of the images: each is in the page once, wherever it is shown."""
    rules, shape = [], None
    for column, original in enumerate(sheet.originals):
        if original.image is not None:
            rules.append(_image_rule(f"o{column}", original.image))
            shape = original.image.shape
    for place, cell in _cells(sections):
        if cell.cell.image is not None and not cell.is_original:
            rules.append(_image_rule(_name(place), cell.cell.image))
            shape = cell.cell.image.shape
    ratio = f".image {{ aspect-ratio: {shape[1]} / {shape[0]}; }}\n" if shape else ""
    return ratio + "".join(rules)


def _image_rule(name: str, image: Pixels) -> str:
    done, data = cv2.imencode(
        ".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    )
    if not done:
        raise OutputError("can't encode an image of the sheet: give a smaller --size")
    return (
        f".{name} {{ background-image: url(data:image/jpeg;base64,{b64encode(data.tobytes()).decode()}); }}\n"
    )


def _cells(sections: tuple[Section, ...]) -> Iterator[tuple[_Place, LayoutCell]]:
    for table, section in enumerate(sections):
        for row, cells in enumerate(section.rows):
            for column, cell in enumerate(cells.cells):
                if cell is not None:
                    yield (table, row, column), cell


def _table(sections: tuple[Section, ...], number: int) -> str:
    section = sections[number]
    head = "".join(f'<th scope="col">{_labels(label, word)}</th>' for label, word in section.columns)
    rows = "".join(_row(section, number, place) for place in range(len(section.rows)))
    title = f"<h2>{_text(section.title)}</h2>\n" if section.title else ""
    top = f'<thead><tr><td class="corner"></td>{head}</tr></thead>'
    return f"{title}<table>\n{top}\n<tbody>\n{rows}</tbody>\n</table>\n"


def _row(section: Section, table: int, number: int) -> str:
    row = section.rows[number]
    details = "".join(f"<small>{_text(line)}</small>" for line in row.details)
    cells = "".join(
        f"<td>{_figure(section, (table, number, column), cell)}</td>" for column, cell in enumerate(row.cells)
    )
    anchor = f"row{table}-{number}"
    return f'<tr id="{anchor}"><th scope="row">{_labels(row.label)}{details}</th>{cells}</tr>\n'


def _figure(section: Section, place: _Place, cell: LayoutCell | None) -> str:
    if cell is None:
        return ""
    label, word = section.columns[place[2]]
    where = f'<b class="where">{_labels(label, word)}</b>'
    if cell.cell.image is None:
        return f'<figure>{where}<p class="fault">failed: {_text(cell.cell.fault)}</p></figure>'
    name, title = _name(place), _text(cell.title)
    images = f'<span class="image {"original o" + str(cell.column) if cell.is_original else name}"></span>'
    if not cell.is_original:
        images += f'<span class="image before o{cell.column}"></span>'
    return (
        f'<figure id="{name}"><a class="shot" href="#{name}" aria-label="{title}">{images}</a>'
        f'<figcaption>{where}<b class="title">{title}</b><small>{_text(cell_text(cell))}</small></figcaption>'
        f'{_ways(section, place)}<a class="close" href="#row{place[0]}-{place[1]}">Close</a></figure>'
    )


def _ways(section: Section, place: _Place) -> str:
    """Return the links to the cells around one, for where it is shown large."""
    table, row, column = place
    around = (
        ("← {}", row, column - 1),
        ("{} →", row, column + 1),
        ("↑ {}", row - 1, column),
        ("↓ {}", row + 1, column),
    )
    links = []
    for text, there, along in around:
        if 0 <= there < len(section.rows) and 0 <= along < len(section.columns):
            cell = section.rows[there].cells[along]
            if cell is not None and cell.cell.image is not None:
                label = section.columns[along][0] if there == row else section.rows[there].label
                links.append(f'<a href="#{_name((table, there, along))}">{_text(text.format(label))}</a>')
    return f'<nav class="ways">{"".join(links)}</nav>'


def _labels(label: str, word: str = "") -> str:
    return _text(label).replace("_", "_<wbr>") + (f"<small>{_text(word)}</small>" if word else "")


def _name(place: _Place) -> str:
    return "c{}-{}-{}".format(*place)


def _text(text: str) -> str:
    """Return a text for a page: what would be a mark of HTML, or would steer the text around it, is written out."""
    return escape(quote(text))
