# SPDX-License-Identifier: GPL-3.0-or-later
"""How parameters are called, what their tooltips say, and how their values are written."""

from ...core.recipe.parameter import Parameter

COST_DESCRIPTIONS = {
    "instant": "runs only fuse: it shows at once, no model runs and no frame is decoded",
    "re-swap": "runs {stage} again, and the stages after it; the analysis of the strip stays",
    "re-analyse": "runs {stage} again, and the stages after it: the strip is analyzed again",
}
UNIT_SUBTYPES = {"%": "PERCENTAGE", "px": "PIXEL"}
"""The units that Blender writes behind a value, and what it calls them."""
UNIT_DIGITS = {"%": 1, "px": 0}
"""How many digits are shown after the point, such as 48 px; more can be typed."""
_STAGE_NAMES = {"select": "swap", "fusion": "fuse"}
_UNITS_IN_WORDS = ("frames", "years")
_SMALL_WORDS = ("a", "and", "at", "from", "in", "of", "on", "or", "the", "to", "with")


def title_case(label: str) -> str:
    """Write a label as Blender writes its own: Light and Color."""
    words = label.split(" ")
    kept = (
        word if index and word in _SMALL_WORDS else word[:1].upper() + word[1:]
        for index, word in enumerate(words)
    )
    return " ".join(kept)


def choice_items(parameter: Parameter) -> list[tuple[str, str, str]]:
    """Return the choices of a parameter as a property lists them. A word alone is a name, written as by its owner."""
    return [
        (name, title_case(label) if " " in label else label, text) for name, label, text in parameter.choices
    ]


def tooltip(parameter: Parameter) -> str:
    """Say what a parameter does, and what a change of it runs again."""
    cost = COST_DESCRIPTIONS[parameter.cost].format(stage=_STAGE_NAMES.get(parameter.group, parameter.group))
    # Blender itself writes the units of what it knows: pixels and per cent.
    unit = f"In {parameter.unit}.\n" if parameter.unit in _UNITS_IN_WORDS else ""
    return f"{parameter.text}.\n{unit}A change {cost}"
