# SPDX-License-Identifier: GPL-3.0-or-later
"""The dashboard: how many hostile inputs of each class were met, printed at the end of a run.

A test that takes the fixture `dashboard` says which figure its input counts for. It is met if the test passes.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

FIGURES = {
    "projects": "hostile projects and folders that change no file elsewhere",
    "values": "poisoned values met with right pixels",
    "inputs": "other bad inputs met without crash, hang or bomb",
    "kills": "entries right after SIGKILLs",
    "faults": "disk and power-cut faults with identical pixels",
    "wait": "bad shared places that add 5 s at most",
    "memory": "inputs of 200 KB at most that take 1 GB at most",
    "faces": "places where no other account, and nobody after a purge, finds a face",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.hostile)


@pytest.fixture
def dashboard(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Count this test for a figure: `dashboard("values")`; for several inputs in one test call it once for each."""

    def count(figure: str) -> None:
        assert figure in FIGURES
        # These travel with the report, so that tests in several processes are counted together.
        request.node.user_properties.append(("figure", figure))

    return count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counted: dict[str, list[bool]] = {name: [] for name in FIGURES}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            if report.when == "call":
                for kind, figure in report.user_properties:
                    if kind == "figure":
                        counted[figure].append(report.passed)
    if any(counted.values()):
        terminalreporter.section("hostile inputs met")
    for name, met in counted.items():
        if met:
            terminalreporter.write_line(f"{sum(met):>4} of {len(met):<4} {FIGURES[name]}")
