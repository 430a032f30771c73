# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation says what the program does."""

import re

from tools.describe_controls import PAGE, page

ROOT = PAGE.parents[1]


def test_the_page_of_the_controls_is_what_the_program_says():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tools.describe_controls`"


def test_every_image_and_page_that_the_docs_name_is_there():
    pages = [*PAGE.parent.glob("*.md"), *ROOT.glob("*.md")]
    named = [
        (path, name)
        for path in pages
        for name in re.findall(r"\]\(([^)#:]+)[^):]*\)", path.read_text("utf-8"))
    ]
    assert named
    assert [(path.name, name) for path, name in named if not (path.parent / name).is_file()] == []


def test_every_test_and_tool_that_the_page_on_security_names_is_there():
    named = re.findall(r"`((?:tests|tools)/[\w/.]+)`", (ROOT / "SECURITY.md").read_text("utf-8"))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
