# SPDX-License-Identifier: GPL-3.0-or-later
"""The page on the architecture agrees with the code: its packages, their order and the numbers of the formats."""

import ast
import re
from pathlib import Path

import pytest
import understudy
from understudy.core.cache.packs import checksum, pack, record, sidecar
from understudy.core.cache.shared import circuit_breaker
from understudy.core.cache.stores import local
from understudy.core.layers import label, tiff, tile_layout
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS

ROOT = Path(understudy.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text("utf-8")


def _packages(top: str) -> list[str]:
    return sorted(path.parent.relative_to(ROOT).as_posix() for path in (ROOT / top).rglob("*/__init__.py"))


def _listed(top: str) -> list[str]:
    return re.findall(rf"^\| `({top}/[\w/]+)` \|", PAGE, re.MULTILINE)


def _rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table after a heading, without its two first lines."""
    section = PAGE.split(f"{heading}\n", 1)[1]
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()[2:]]


def _imports(package: Path, top: str) -> set[str]:
    """Return the packages of `top` that a package's files import by relative imports."""
    packages = set()
    for path in package.rglob("*.py"):
        parts = path.relative_to(ROOT).parts
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                target = [*parts[: -node.level], *(node.module or "").split(".")]
                names = [name for name in target if name] + [node.names[0].name]
                if names[0] == top and (ROOT / top / names[1]).is_dir():
                    packages.add(names[1])
    return packages - {package.name}


@pytest.mark.parametrize("top", ["core", "addon"])
def test_every_package_has_a_line_and_no_line_is_without_a_package(top):
    assert sorted(_listed(top)) == _packages(top)


@pytest.mark.parametrize("top", ["core", "addon"])
def test_packages_import_only_what_is_listed_above_them(top):
    order = [name.split("/")[1] for name in _listed(top) if name.count("/") == 1]
    for place, name in enumerate(order):
        assert _imports(ROOT / top / name, top) <= set(order[:place]), name


def test_every_stage_that_keeps_results_is_named():
    named = {name for row in _rows("## The stages") for name in re.findall(r"`(\w+)`", row[0])}
    assert set(STAGE_SCHEMAS) <= named


def test_the_record_is_laid_out_as_the_page_says():
    rows = _rows("### Pack: format 2")
    assert f"### Pack: format {record.FORMAT}\n" in PAGE
    assert _magic(rows[0]) == record.MAGIC
    _require_layout(rows, record._FIELDS.format, record.HEADER_BYTES)
    assert f"format version, {record.FORMAT}" in rows[1][2]
    assert f"at most {record.MAX_TEXT_BYTES:,}" in rows[5][2]
    assert f"at most {record.MAX_PAYLOAD_BYTES:,}" in rows[6][2]
    assert f"The header has {record.HEADER_BYTES} bytes." in PAGE


def test_the_sidecar_is_laid_out_as_the_page_says():
    rows = _rows("### Sidecar: version 1")
    assert f"### Sidecar: version {sidecar.VERSION}\n" in PAGE
    assert _magic(rows[0]) == sidecar.MAGIC
    _require_layout(rows, sidecar._FIELDS.format, sidecar._SIDECAR_HEADER_BYTES)
    assert sum(int(row[1].split()[0]) for row in rows[7:]) == sidecar._ROW_BYTES
    assert f"packs of {sidecar.MIN_RECORDS} records or more" in PAGE


def test_the_limits_of_the_cache_are_those_of_the_code():
    assert f"fewer than {checksum.ROW_SUMS_MIN_BYTES:,} bytes" in PAGE
    assert f"rows of {checksum.ROW_WORDS} words of 8 bytes ({checksum.ROW_BYTES:,} bytes)" in PAGE
    assert f"begins another when it has {local.PACK_BYTES >> 20} MiB" in PAGE
    assert f"at most {pack._MAX_SEARCH_BYTES >> 20} MiB further on" in PAGE
    assert f"at most {circuit_breaker.WAIT_BUDGET_SECONDS} s in vain" in PAGE


def test_the_layer_is_laid_out_as_the_page_says():
    rows = _rows("## The layer TIFF and its label")
    whole = b"".join(tiff.layer_pieces("0" * 64, None, (200, 130)))
    tile_count = 4 * 3
    offsets = [_evaluate(row[0], tile_count) for row in rows[:7]]
    sizes = [_evaluate(row[1], tile_count) for row in rows[:6]]
    assert [start + size for start, size in zip(offsets, sizes, strict=False)] == offsets[1:]
    assert offsets[3] == label.TILE_OFFSETS_POSITION
    assert sizes[5] == label.LABEL_BYTES
    assert whole[offsets[5] : offsets[6]] == label.label_text(
        "0" * 64, int(whole[offsets[5] + 82 :][:8], 16), None
    )
    assert len(whole) == label.body_offset(offsets[6]) + label.TILE_BYTES
    assert (
        f"{tile_layout.TILE_PIXELS} x {tile_layout.TILE_PIXELS} pixels ({label.TILE_BYTES:,} bytes)" in PAGE
    )
    assert f"at most {label.MAX_LAYER_BYTES >> 30} GiB" in PAGE
    assert f"ASCII text of {label.LABEL_BYTES} bytes" in PAGE


def _magic(row: list[str]) -> bytes:
    match = re.search(r"`((?:[0-9A-F]{2} ){7}[0-9A-F]{2})`", row[2])
    assert match is not None
    return bytes.fromhex(match[1])


def _require_layout(rows: list[list[str]], fields: str, header_bytes: int) -> None:
    """Require that a header's fields have the sizes of a `struct` format, one after the other, and a CRC-32 at last."""
    widths = {"H": 2, "I": 4, "Q": 8}
    expected = [
        int(count) if kind == "s" else widths[kind] for count, kind in re.findall(r"(\d*)([sHIQ])", fields)
    ]
    expected.append(4)
    header = rows[: len(expected)]
    assert [int(row[1]) for row in header] == expected
    assert [int(row[0]) for row in header] == [sum(expected[:place]) for place in range(len(expected))]
    assert sum(expected) == header_bytes == int(rows[len(expected)][0])
    assert header[-1][2] == f"CRC-32 of bytes 0 to {header_bytes - 5}"


def _evaluate(text: str, tile_count: int) -> int:
    """Return the number that a cell such as `178 + 4 n` stands for."""
    return sum(
        int(term.split()[0]) * (tile_count if term.endswith("n") else 1) for term in text.strip().split(" + ")
    )
