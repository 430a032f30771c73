# SPDX-License-Identifier: GPL-3.0-or-later
"""The colour spaces that are known by Blender's names for them."""

from .log_spaces import LOG_SPACES
from .primaries import (
    ACES_AP0,
    ACES_AP1,
    CAMERA_GAMUTS,
    CIE_XYZ_D65,
    CIE_XYZ_E,
    DCI_P3_D65,
    REC_2020,
    Matrix,
)

SRGB = "sRGB"
"""In which floats of TIFF images go beyond what a display shows."""
PQ, HLG = "Rec.2100-PQ", "Rec.2100-HLG"
TAGGED_SPACES = {
    16: PQ,
    18: HLG,
    200: "Apple Log",
    201: "Apple Log 2",
    202: "ARRI LogC3 (EI800)",
    203: "BMDFilm WideGamut Gen5",
    204: "S-Log3 S-Gamut3",
    205: "S-Log3 S-Gamut3.Cine",
    206: "V-Log V-Gamut",
}
"""By what a movie says of its transfer curve: the number of ISO/IEC 23091-2, or from 200 on one of our own for what
`camera_notes` reads of it. Caches hold them."""

LINEAR_SPACES: dict[str, Matrix | None] = {
    "Linear Rec.709": None,
    "scene_linear": None,
    "ACEScg": ACES_AP1,
    "ACES2065-1": ACES_AP0,
    "Linear Rec.2020": REC_2020,
    "Linear DCI-P3 D65": DCI_P3_D65,
    "Linear CIE-XYZ D65": CIE_XYZ_D65,
    "Linear CIE-XYZ E": CIE_XYZ_E,
    **{f"Linear {name}": matrix for name, matrix in CAMERA_GAMUTS.items()},
}
"""Matrices to linear Rec.709; None where nothing is to be done."""

MOVIE_WHITE = 100.0
"""cd/m2 that Blender takes for the light 1 in PQ and HLG movies; in images it is HDR's diffuse white."""
HDR_MATRIX = REC_2020
LAYER_LIGHT = "Linear Rec.709"
CODED_SPACES = frozenset((PQ, HLG, *LOG_SPACES))
"""In which numbers are codes and not light. Movies and images of 16 bits may have them."""


def layer_space(name: str) -> str:
    """Return the name of the colour space of the layer over a strip of a space: most often the same.

    Over codes it is that of light. Blender 5.0 takes the codes of PQ and HLG in images for half the light that it takes
    them for in movies. In a logarithmic space the lowest code is seldom black, and where the layer is transparent
    Blender 5.2 adds what it stands for to the strip.
    """
    return LAYER_LIGHT if name in CODED_SPACES else name
