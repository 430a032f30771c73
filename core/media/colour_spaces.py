# SPDX-License-Identifier: GPL-3.0-or-later
"""The colour spaces that are known by Blender's names for them: their primaries and their transfer curves.

Matrices are those of Blender's own configuration (datafiles/colormanagement/config.ocio of 5.0; the cameras' of 5.2),
curves those that the makers publish.
"""

import math
from dataclasses import dataclass

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

SRGB = "sRGB"
"""In which floats of TIFF images go beyond what a display shows."""
PQ, HLG = "Rec.2100-PQ", "Rec.2100-HLG"
TAGGED_SPACES = {16: PQ, 18: HLG}
"""By what a movie says of its transfer curve, the number of ISO/IEC 23091-2."""

# To linear Rec.709.
_ACESCG: Matrix = (
    (1.7050509, -0.6217921, -0.0832589),
    (-0.1302564, 1.1408048, -0.0105483),
    (-0.0240034, -0.128969, 1.1529723),
)
_REC_2020: Matrix = (
    (1.6604909, -0.5876412, -0.0728499),
    (-0.1245504, 1.1328999, -0.0083493),
    (-0.0181508, -0.1005789, 1.1187297),
)
_S_GAMUT3: Matrix = (
    (1.8778157, -0.7912761, -0.0865396),
    (-0.1774798, 1.3537842, -0.1763044),
    (-0.0259014, -0.1535857, 1.1794871),
)
_S_GAMUT3_CINE: Matrix = (
    (1.6268564, -0.5369886, -0.0898678),
    (-0.1791094, 1.420863, -0.2417536),
    (-0.0441665, -0.2015192, 1.2456857),
)

LINEAR_SPACES: dict[str, Matrix | None] = {
    "Linear Rec.709": None,
    "scene_linear": None,
    "ACEScg": _ACESCG,
    "ACES2065-1": (
        (2.5216861, -1.134131, -0.3875552),
        (-0.2764799, 1.372719, -0.0962391),
        (-0.0153781, -0.1529754, 1.1683534),
    ),
    "Linear Rec.2020": _REC_2020,
    "Linear DCI-P3 D65": (
        (1.2249402, -0.2249402, 0.0),
        (-0.0420569, 1.0420569, 0.0),
        (-0.0196376, -0.0786361, 1.0982736),
    ),
    "Linear CIE-XYZ D65": (
        (3.2409699, -1.5373832, -0.4986108),
        (-0.9692436, 1.8759675, 0.0415551),
        (0.0556301, -0.203977, 1.0569715),
    ),
    "Linear CIE-XYZ E": (
        (3.1467516, -1.6663892, -0.4802036),
        (-0.9955119, 1.9557183, 0.0397707),
        (0.0635826, -0.2145451, 1.1507225),
    ),
    "Linear FilmLight E-Gamut": (
        (1.9072481, -0.6929666, -0.2142817),
        (-0.1624979, 1.3766553, -0.2141574),
        (-0.127593, -0.2352385, 1.3628315),
    ),
}
"""Matrices to linear Rec.709; None where nothing is to be done."""


@dataclass(frozen=True)
class LogCurve:
    """A logarithmic curve: slope * log(scale * light + shift) / log(base) + offset, and below a break its tangent.

    Attributes
    ----------
    base, slope, offset, scale, shift : float
        As in the formula.
    limit : float
        The least light that the logarithm is for.
    line : float or None
        The slope of the line below that; None where there is no line, and what is darker is as dark as the limit.
    """

    slope: float
    offset: float
    base: float = 2.0
    scale: float = 1.0
    shift: float = 0.0
    limit: float = 2.0**-30
    line: float | None = None


def _tangent_curve(
    slope: float, offset: float, base: float, scale: float, shift: float, limit: float
) -> LogCurve:
    """Return a curve whose line is the tangent at its limit."""
    line = slope * scale / ((scale * limit + shift) * math.log(base))
    return LogCurve(slope, offset, base, scale, shift, limit, line)


def _allocation(low: float, high: float) -> LogCurve:
    """Return the curve that OpenColorIO calls an allocation: powers of two from `low` to `high`."""
    return LogCurve(1 / (high - low), -low / (high - low))


# Sony, Technical Summary for S-Gamut3.Cine/S-Log3 and S-Gamut3/S-Log3.
_S_LOG3 = LogCurve(261.5 / 1023, 420 / 1023, 10.0, 1 / 0.19, 0.01 / 0.19, 0.01125, 6.62194371177582)

LOG_SPACES: dict[str, tuple[LogCurve, Matrix | None]] = {
    # Blender's configuration: the rest of AgX Log's matrix is its inset of primaries.
    "AgX Log": (
        _allocation(-12.47393, 12.5260688117),
        (
            (2.1144733, -1.0273785, -0.087095),
            (-0.3705042, 1.5529262, -0.1824218),
            (-0.1659314, -0.2547155, 1.420647),
        ),
    ),
    "Filmic Log": (_allocation(-12.473931188, 4.026068812), None),
    # Academy S-2014-003; what is darker than 2^-16 is black.
    "ACEScc": (LogCurve(1 / 17.52, 9.72 / 17.52, limit=2.0**-16), _ACESCG),
    # Academy S-2016-001.
    "ACEScct": (_tangent_curve(1 / 17.52, 9.72 / 17.52, 2.0, 1.0, 0.0, 0.0078125), _ACESCG),
    # ARRI, LogC3 by exposure index 800, and LogC4.
    "ARRI LogC3 (EI800)": (
        _tangent_curve(0.24719, 0.385537, 10.0, 5.555556, 0.052272, 0.010591),
        (
            (1.617596, -0.5342364, -0.0833596),
            (-0.0710103, 1.3374356, -0.2664253),
            (-0.0211239, -0.2323744, 1.2534983),
        ),
    ),
    "ARRI LogC4": (
        _tangent_curve(
            0.0647954196341293, -0.295908392682586, 2.0, 2231.82630906769, 64.0, -0.0180569961199113
        ),
        (
            (1.8929405, -0.7780008, -0.1149397),
            (-0.2064484, 1.3430261, -0.1365777),
            (-0.0122581, -0.1573259, 1.169584),
        ),
    ),
    "BMDFilm WideGamut Gen5": (
        _tangent_curve(0.08692876065, 0.5300133392, math.e, 1.0, 0.005494072432, 0.005),
        (
            (1.5685053, -0.5195562, -0.0489491),
            (-0.0867659, 1.3477854, -0.2610195),
            (-0.0521201, -0.2546937, 1.3068139),
        ),
    ),
    "DaVinci Intermediate WideGamut": (
        LogCurve(0.07329248, 0.51304736, 2.0, 1.0, 0.0075, 0.00262409, 10.44426855),
        (
            (1.8987312, -0.7886634, -0.1100678),
            (-0.1694643, 1.4922629, -0.3227986),
            (-0.1216139, -0.3219261, 1.4435401),
        ),
    ),
    # Panasonic, V-Log/V-Gamut Reference Manual.
    "V-Log V-Gamut": (
        _tangent_curve(0.241514, 0.598206, 10.0, 1.0, 0.00873, 0.01),
        (
            (1.8065759, -0.6956973, -0.1108786),
            (-0.1700903, 1.3059552, -0.1358649),
            (-0.0252058, -0.1544683, 1.1796741),
        ),
    ),
    "Log3G10 REDWideGamutRGB": (
        _tangent_curve(0.224282, 0.0, 10.0, 155.975327, 2.55975327, -0.01),
        (
            (1.981976, -0.9004318, -0.0815442),
            (-0.1781432, 1.5004684, -0.3223252),
            (-0.101796, -0.5352635, 1.6370594),
        ),
    ),
    "S-Log3 S-Gamut3": (_S_LOG3, _S_GAMUT3),
    "S-Log3 S-Gamut3.Cine": (_S_LOG3, _S_GAMUT3_CINE),
}
"""Of each its curve and the matrix of its light to linear Rec.709."""

MOVIE_WHITE = 100.0
"""cd/m2 that Blender takes for the light 1 in PQ and HLG movies; in images it is HDR's diffuse white."""
HDR_MATRIX = _REC_2020
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
