# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: `python -m tools.describe_controls` writes docs/controls.md, what each control does and costs."""

from pathlib import Path

from understudy.core.recipe import parameters
from understudy.core.recipe.parameter import Parameter

PAGE = Path(__file__).resolve().parents[1] / "docs" / "controls.md"
_COSTS = {
    "instant": "## Instant\n\nNo model runs and no frame is decoded.",
    "re-swap": "## Swaps again\n\nThe analysis stays; the faces are swapped again.",
    "re-analyse": "## Analyses again\n\nFaces are found or analysed again, then swapped again.",
}


def page() -> str:
    """Return the text of the page, made from the recipe itself."""
    parts = [
        "# What each control does, and what a change costs",
        "Made by `python -m tools.describe_controls`. `understudy render --set` takes the name in brackets.",
    ]
    known = list(parameters())
    for cost, heading in _COSTS.items():
        rows = ["| control | what it does | range | default |", "|---|---|---|---|"]
        rows += [_row(parameter) for parameter in known if parameter.cost == cost]
        parts += [heading, "\n".join(rows)]
    return "\n\n".join(parts) + "\n"


def _row(parameter: Parameter) -> str:
    name = f"{parameter.label} (`{parameter.path}`)"
    default = ("on" if parameter.initial else "off") if parameter.kind is bool else str(parameter.initial)
    shown = {choice[0]: choice[1] for choice in parameter.choices}.get(default, default)
    unit = f" {parameter.unit}" if parameter.unit else ""
    if parameter.choices:
        description = f"{parameter.text}: " + "; ".join(
            f"*{label}*: {text}" for _, label, text in parameter.choices
        )
        return f"| {name} | {description} | | {shown} |"
    if parameter.low is None or parameter.high is None or parameter.kind is bool:
        return f"| {name} | {parameter.text} | | {shown} |"
    low, high = (
        f"{int(limit)}" if limit == int(limit) else f"{limit:g}" for limit in (parameter.low, parameter.high)
    )
    return f"| {name} | {parameter.text} | {low} to {high}{unit} | {float(parameter.initial):g}{unit} |"


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE} written")


if __name__ == "__main__":
    main()
