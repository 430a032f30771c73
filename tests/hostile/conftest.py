# SPDX-License-Identifier: GPL-3.0-or-later
"""The dashboard: how many hostile inputs of each class were met, printed at the end of a run.

A test that takes the fixture `dashboard` says which figure its input counts for. It is met if the test passes.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

FIGURES = {
    "projects": "files outside the cache changed by a hostile project",
    "values": "poisoned values met with right pixels",
    "inputs": "other bad inputs met without crash, hang or bomb",
    "kills": "entries right after SIGKILLs",
    "faults": "disk and power-cut faults with identical pixels",
    "wait": "bad shared places that add 5 s at most",
    "memory": "inputs of 200 KB at most that take 1 GB at most",
    "faces": "faces that another account can read, or that a purge leaves",
}
_counts: dict[str, list[bool]] = {name: [] for name in FIGURES}
_met = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.hostile)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":  # type: ignore[attr-defined]
        item.stash[_met] = report.passed  # type: ignore[attr-defined]
    return report


@pytest.fixture
def dashboard(request: pytest.FixtureRequest) -> Iterator[Callable[[str], None]]:
    """Count this test for a figure: `dashboard("values")`; for several inputs in one test call it once for each."""
    named: list[str] = []

    def count(figure: str) -> None:
        assert figure in FIGURES
        named.append(figure)

    yield count
    for figure in named:
        _counts[figure].append(request.node.stash.get(_met, False))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counted = {name: met for name, met in _counts.items() if met}
    if counted:
        terminalreporter.section("hostile inputs met")
        for name, met in counted.items():
            terminalreporter.write_line(f"{sum(met):>4} of {len(met):<4} {FIGURES[name]}")
