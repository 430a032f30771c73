# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of a turnover: their channels, their units, and what they mean."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TurnoverLayer:
    """One layer of each file.

    Attributes
    ----------
    name : str
        What it is called.
    channels : tuple of str
        The file's names of its channels. Those of `rgba` have no layer name, so that every program shows them.
    unit : str
        What the numbers are.
    text : str
        What it shows.
    """

    name: str
    channels: tuple[str, ...]
    unit: str
    text: str

    def as_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON."""
        return {
            "name": self.name,
            "channels": list(self.channels),
            "unit": self.unit,
            "description": self.text,
        }


RGBA = TurnoverLayer(
    "rgba",
    ("R", "G", "B", "A"),
    "color of the clip, premultiplied",
    "what is laid over the original: original * (1 - A) + RGB is the rendered frame",
)
SWAP = TurnoverLayer(
    "swap",
    ("swap.R", "swap.G", "swap.B", "swap.A"),
    "color of the clip, premultiplied",
    "the swapped face before it was masked and before its light was matched; A is where it shows the source person",
)
MASK = TurnoverLayer(
    "mask", ("mask.Y",), "0 to 1", "where the face is to be seen, whatever is in front of it and however far it fades"
)  # fmt: skip
OCCLUSION = TurnoverLayer("occlusion", ("occlusion.Y",), "0 to 1", "where something is in front of the face")
ST = TurnoverLayer(
    "st",
    ("st.U", "st.V", "st.A"),
    "0 to 1, from the lower left corner",
    "the texture coordinate of each pixel in the UV map of the face, as Make Face Geometry has it; A is 1 on the mesh",
)
POSITION = TurnoverLayer(
    "position",
    ("position.X", "position.Y", "position.Z"),
    "heights of the frame",
    "where the mesh is in the space of Make Face Geometry: X to the right, Y up, Z towards the camera, from the middle "
    "of the frame",
)
DEPTH = TurnoverLayer(
    "depth",
    ("depth.Z",),
    "pixels",
    "how far the mesh is from the plane through the head, away from the camera; negative is nearer",
)
ID = TurnoverLayer(
    "id", ("id.Y",), "whole numbers", "which of the swaps is on top where rgba shows something; 0 is none"
)
LAYERS = (RGBA, SWAP, MASK, OCCLUSION, ST, POSITION, DEPTH, ID)
