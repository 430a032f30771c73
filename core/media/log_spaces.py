# SPDX-License-Identifier: GPL-3.0-or-later
"""Logarithmic colour spaces by name: their curves, as those who made them publish them, and their primaries.

Names are those of Blender 5.2, which has no spaces for Cineon, F-Log, F-Log2 and N-Log: these are called alike.
"""

import math

from .log_curves import LogCurve, PowerFoot, allocation, tangent_curve
from .primaries import ACES_AP1, AGX, CAMERA_GAMUTS, REC_2020, Matrix

# Sony, Technical Summary for S-Gamut3.Cine/S-Log3 and S-Gamut3/S-Log3.
_S_LOG3 = LogCurve(261.5 / 1023, 420 / 1023, 10.0, 1 / 0.19, 0.01 / 0.19, 0.01125, 6.62194371177582)

# Apple, Apple Log Profile White Paper, September 2023.
_APPLE_LOG = LogCurve(
    0.08550479,
    0.69336945,
    shift=0.00964052,
    limit=0.01,
    foot=PowerFoot(scale=47.28711236, shift=0.05641088, power=2.0),
)

# Canon, Input Transform version 202007 for EOS C300 Mark II: for light that is 1 at 90 % reflection.
_CANON_WHITE = 0.9
_CANON_LOG2 = LogCurve(
    0.24136077, 0.092864125, 10.0, 87.099375 / _CANON_WHITE, 1.0, limit=0.0, centre=0.092864125
)
_CANON_LOG3 = LogCurve(
    0.36726845,
    0.12240537,
    10.0,
    14.98325 / _CANON_WHITE,
    1.0,
    limit=0.014 * _CANON_WHITE,
    line=1.9754798 / _CANON_WHITE,
    centre=0.12512219,
)

# DJI, White Paper on D-Log and D-Gamut, 2017. Its line is a rounded tangent where the two meet.
_D_LOG = tangent_curve(0.256663, 0.584555, 10.0, 0.9892, 0.0108, 0.00758078675)

# Fujifilm, F-Log Data Sheet 1.1 and F-Log2 Data Sheet 1.0.
_F_LOG = LogCurve(0.344676, 0.790453, 10.0, 0.555556, 0.009468, 0.00089, 8.735631)
_F_LOG2 = LogCurve(0.245281, 0.384316, 10.0, 5.555556, 0.064829, 0.000889, 8.799461)

# Kodak, Conversion of 10-bit Log Film Data to 8-bit Linear or Video Data for the Cineon Digital Film System, 1995:
# white is the code 685 and black 95, a code is 0.002 of density, and a density of 0.6 is a factor of 10 in light.
_CINEON_BLACK = 10 ** ((95 - 685) / 300)
_CINEON = LogCurve(
    300 / 1023,
    685 / 1023,
    10.0,
    1 - _CINEON_BLACK,
    _CINEON_BLACK,
    limit=(10 ** (-685 / 300) - _CINEON_BLACK) / (1 - _CINEON_BLACK),
)

# Nikon, N-Log Specification 1.0.0.
_N_LOG = LogCurve(
    150 / 1023,
    619 / 1023,
    math.e,
    limit=0.328,
    foot=PowerFoot(scale=650 / 1023, shift=0.0075, power=1 / 3),
)

CINEON = "Cineon"

LOG_SPACES: dict[str, tuple[LogCurve, Matrix | None]] = {
    # Blender's configuration.
    "AgX Log": (allocation(-12.47393, 12.5260688117), AGX),
    "Filmic Log": (allocation(-12.473931188, 4.026068812), None),
    # Academy S-2014-003; what is darker than 2^-16 is black.
    "ACEScc": (LogCurve(1 / 17.52, 9.72 / 17.52, limit=2.0**-16), ACES_AP1),
    # Academy S-2016-001.
    "ACEScct": (tangent_curve(1 / 17.52, 9.72 / 17.52, 2.0, 1.0, 0.0, 0.0078125), ACES_AP1),
    "Apple Log": (_APPLE_LOG, REC_2020),
    "Apple Log 2": (_APPLE_LOG, CAMERA_GAMUTS["Apple Wide Gamut"]),
    # ARRI, LogC3 by exposure index 800, and LogC4.
    "ARRI LogC3 (EI800)": (
        tangent_curve(0.24719, 0.385537, 10.0, 5.555556, 0.052272, 0.010591),
        CAMERA_GAMUTS["ARRI Wide Gamut 3"],
    ),
    "ARRI LogC4": (
        tangent_curve(
            0.0647954196341293, -0.295908392682586, 2.0, 2231.82630906769, 64.0, -0.0180569961199113
        ),
        CAMERA_GAMUTS["ARRI Wide Gamut 4"],
    ),
    # Blackmagic Design, Generation 5 Color Science, and DaVinci Wide Gamut.
    "BMDFilm WideGamut Gen5": (
        tangent_curve(0.08692876065, 0.5300133392, math.e, 1.0, 0.005494072432, 0.005),
        CAMERA_GAMUTS["BMD WideGamut Gen5"],
    ),
    "DaVinci Intermediate WideGamut": (
        LogCurve(0.07329248, 0.51304736, 2.0, 1.0, 0.0075, 0.00262409, 10.44426855),
        CAMERA_GAMUTS["DaVinci WideGamut"],
    ),
    "CanonLog2 CinemaGamut D55": (_CANON_LOG2, CAMERA_GAMUTS["CinemaGamut D55"]),
    "CanonLog3 CinemaGamut D55": (_CANON_LOG3, CAMERA_GAMUTS["CinemaGamut D55"]),
    CINEON: (_CINEON, None),
    "D-Log D-Gamut": (_D_LOG, CAMERA_GAMUTS["D-Gamut"]),
    # F-Gamut and N-Gamut are Rec.2020.
    "F-Log F-Gamut": (_F_LOG, REC_2020),
    "F-Log2 F-Gamut": (_F_LOG2, REC_2020),
    "N-Log N-Gamut": (_N_LOG, REC_2020),
    # Panasonic, V-Log/V-Gamut Reference Manual.
    "V-Log V-Gamut": (
        tangent_curve(0.241514, 0.598206, 10.0, 1.0, 0.00873, 0.01),
        CAMERA_GAMUTS["V-Gamut"],
    ),
    "Log3G10 REDWideGamutRGB": (
        tangent_curve(0.224282, 0.0, 10.0, 155.975327, 2.55975327, -0.01),
        CAMERA_GAMUTS["REDWideGamutRGB"],
    ),
    "S-Log3 S-Gamut3": (_S_LOG3, CAMERA_GAMUTS["S-Gamut3"]),
    "S-Log3 S-Gamut3.Cine": (_S_LOG3, CAMERA_GAMUTS["S-Gamut3.Cine"]),
    "S-Log3 Venice S-Gamut3": (_S_LOG3, CAMERA_GAMUTS["Venice S-Gamut3"]),
    "S-Log3 Venice S-Gamut3.Cine": (_S_LOG3, CAMERA_GAMUTS["Venice S-Gamut3.Cine"]),
}
"""Of each its curve and the matrix of its light to linear Rec.709."""
