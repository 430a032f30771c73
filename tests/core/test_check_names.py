# SPDX-License-Identifier: GPL-3.0-or-later
"""`make check` finds names that say nothing."""

import pytest

from tools.check_names import find_faults


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("found = 1", "found"),
        ("def gather(): ...", "gather"),
        ("class Upkeep: ...", "Upkeep"),
        ("def choose(seen_faces): ...", "seen_faces"),
        ("for _told in (): ...", "_told"),
        ("self.known_only = 1", "known_only"),
        ("import numpy as in_step", "in_step"),
        ("f = lambda found: 1", "found"),
    ],
)
def test_a_name_that_says_nothing_is_a_fault(source: str, name: str) -> None:
    assert find_faults("core/a.py", f"\n{source}") == [f"core/a.py:2: {name}"]


def test_a_files_name_is_one_too() -> None:
    assert find_faults("core/tidy.py", "") == ["core/tidy.py: the file's name"]


@pytest.mark.parametrize(
    "source",
    [
        "founder = foundation = 1",
        "def test_a_face_is_found(): ...",
        "'found'",
        "x = faces.found()",
        "print(seen=1)",
    ],
)
def test_other_names_texts_and_calls_are_none(source: str) -> None:
    assert find_faults("core/a.py", source) == []
