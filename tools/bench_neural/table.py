# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, for people: a table and a plot."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..bench_render.plot import curves, write_panels

_PASSES = ("first_frame", "cold", "again", "tweak", "source")
_BASE = "cpu"


def ratios(report: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return for each provider how its processor time compares.

    `cold_vs_cpu` and `source_vs_cpu` with ONNX Runtime's own code for the CPU, `cold_vs_nets` with the bare networks.
    """
    figures: dict[str, dict[str, float]] = {}
    base = report["passes"].get(_BASE)
    for name, passes in report["passes"].items():
        alone = report["nets_alone"][name]
        own = {"cold_vs_nets": _a_frame(passes["cold"]) / (alone["cpu_s"] / alone["faces"])}
        if base:
            own |= {
                f"{one}_vs_cpu": _a_frame(passes[one]) / _a_frame(base[one]) for one in ("cold", "source")
            }
        figures[name] = {key: round(value, 3) for key, value in own.items()}
    return figures


def print_table(report: Mapping[str, Any]) -> None:
    """Print processor and wall-clock seconds a frame, and how they compare."""
    print(f"\n{'seconds a frame, CPU (wall)':30}" + "".join(f"{name:>20}" for name in report["passes"]))
    for one in _PASSES:
        cells = [passes[one] for passes in report["passes"].values()]
        print(f"{one:30}" + "".join(_cell(entry, entry["frames"]) for entry in cells))
    alone = report["nets_alone"].values()
    print(f"{'networks alone':30}" + "".join(_cell(entry, entry["faces"]) for entry in alone))
    compared = ratios(report)
    for key in dict.fromkeys(key for own in compared.values() for key in own):
        print(f"{key:30}" + "".join(f"{own.get(key, float('nan')):20.3f}" for own in compared.values()))
    for name, entry in report["differences"].items():
        if "max" in entry:
            print(
                f"{name} and {entry['compared_with']}: {entry['mean']}/255 apart in the mean, {entry['max']} at most"
            )


def draw_plot(path: Path, report: Mapping[str, Any]) -> None:
    """Draw the processor milliseconds a frame of the slow passes. OutputError where it can't be written."""
    lines = {
        name: [1000 * _a_frame(passes[one]) for one in ("cold", "source")]
        + [1000 * report["nets_alone"][name]["cpu_s"] / report["nets_alone"][name]["faces"]]
        for name, passes in report["passes"].items()
    }
    write_panels(path, [curves("Processor milliseconds a frame", ["cold", "source", "networks"], lines)])


def _a_frame(entry: Mapping[str, float]) -> float:
    return entry["cpu_s"] / entry["frames"]


def _cell(entry: Mapping[str, float], count: float) -> str:
    return f"{entry['cpu_s'] / count:.3f} ({entry['wall_s'] / count:.2f})".rjust(20)
