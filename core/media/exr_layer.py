# SPDX-License-Identifier: GPL-3.0-or-later
"""Which layer of an OpenEXR file a strip shows: what Blender's sequencer does, tried in 4.5, 5.0 and 5.2.

Blender takes the names of channels apart as layer, pass and letter, with the name of their part before them, in the
order of the file. Of each layer the pass Combined comes first; a channel without a pass belongs to the Combined of the
layer without a name. The first pass that is called Combined or has the letters RGB or RGBA is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .exr_header import ExrPart

_COMBINED = "Combined"
_COLOURS = ("BGR", "ABGR")
_LETTERS = {"RED": "R", "GREEN": "G", "BLUE": "B", "ALPHA": "A"}


@dataclass(frozen=True)
class ShownLayer:
    """The number of the part that has a layer, and what its channels' names begin with, without the last dot."""

    part: int
    prefix: str


@dataclass
class _Pass:
    """A pass: where its first channel is, and its letters, sorted."""

    name: str
    layer: ShownLayer
    letters: list[str] = field(default_factory=list)


def shown_layer(parts: Sequence[ExrPart]) -> ShownLayer | None:
    """Return the layer that a strip shows of a file.

    Parameters
    ----------
    parts : sequence of ExrPart
        Its parts.

    Returns
    -------
    ShownLayer or None
        None where it shows none, or mixes two.

    Raises
    ------
    ValueError
        A header is damaged.
    """
    if len(parts) == 1 and not any("." in channel for channel in parts[0].channels):
        return ShownLayer(0, "")
    layers: dict[str, dict[tuple[str, str], _Pass]] = {}
    for number, part in enumerate(parts):
        for channel in part.channels:
            layer, name, letter = _split_name(part.name if len(parts) > 1 else "", channel)
            place = ShownLayer(number, channel.rpartition(".")[0])
            passes = layers.setdefault(layer, {})
            passes.setdefault((name, part.text("view")), _Pass(name, place)).letters.append(letter)
    for passes in layers.values():
        for entry in sorted(passes.values(), key=lambda entry: entry.name != _COMBINED):
            letters = "".join(sorted(entry.letters))
            if entry.name == _COMBINED or letters in _COLOURS:
                return entry.layer if letters in _COLOURS else None
    return None


def channel_letter(name: str) -> str:
    """Return what Blender takes a channel for by the last part of its name: R, G, B and A also for the whole words."""
    return _LETTERS.get(name.upper(), name.upper())


def _split_name(part: str, channel: str) -> tuple[str, str, str]:
    """Return the layer, the pass and the letter of a channel of a part."""
    name = f"{part}.{channel}" if part and not channel.startswith(f"{part}.") else channel
    before, _, last = name.rpartition(".")
    letter = channel_letter(last)
    if not before:
        return "", _COMBINED if letter in "RGBA" else letter, letter
    layer, _, pass_name = before.rpartition(".")
    return layer, pass_name, letter
