# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that people read in Blender: its own American spelling, and labels that have room in narrow panels."""

import ast
import re
from pathlib import Path

import pytest
from understudy.core.recipe import parameters

ROOT = Path(__file__).resolve().parents[2]
BRITISH = re.compile(
    r"colour|licence|centre|grey|behaviour|neighbour|favour|analys(e|ed|es|ing)\b|(recogni|organi|normali|stabili)s"
    r"|catalogue|cancelled\b|labelled",
    re.IGNORECASE,
)
IDENTIFIER = re.compile(r"--[\w-]+|\w+[._/-]\w[\w./-]*")
"""What is typed or saved stays as it is: embed.recogniser, --accept-licence, re-analyse."""


def texts_of(path):
    """The sentences and labels in a module: its strings but docstrings and single lower case words, with lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    } | {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in documentation:
            continue
        is_name = re.fullmatch(r"[a-z_]*|[A-Z_]*", node.value)
        if not is_name:
            yield node.lineno, IDENTIFIER.sub("", node.value)


@pytest.mark.parametrize("folder", ["addon", "core"])
def test_no_text_is_spelled_in_another_way_than_blenders(folder):
    paths = [
        path
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "cli" not in path.parts and path.name != "fetch.py"  # which the command line alone shows
    ]
    faults = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for path in paths
        for line, text in texts_of(path)
        if BRITISH.search(text)
    ]
    assert len(paths) > 80
    assert faults == []


def test_the_scan_sees_what_it_is_for(tmp_path):
    module = tmp_path / "module.py"
    module.write_text('"""Colour."""\nx = "colour"\ny = "Light and colour"\nz = f"{x}: a recogniser"\n')
    assert [line for line, text in texts_of(module) if BRITISH.search(text)] == [3, 4]


@pytest.mark.blender
@pytest.mark.in_turn
def test_every_label_has_room_at_every_width(drive, footage):
    """Beside, in or above its value: none is wider than its place, from the narrowest panel to a wide one."""
    folder = drive.folder / "words"
    folder.mkdir()
    rows = drive(
        ["project", {"size": [560, 280], "frames": [1, 6], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["label_widths", {"region_widths": list(range(178, 640, 6))}],
    )[-1]
    assert {path for _, path, *_ in rows} >= {entry.path for entry in parameters()}
    assert [row for row in rows if row[3] > row[4]] == []
    places = {place for _, _, place, *_ in rows}
    assert places == {"beside", "inside", "above", "switch", "item"}
