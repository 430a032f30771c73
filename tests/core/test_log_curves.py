# SPDX-License-Identifier: GPL-3.0-or-later
"""Logarithmic curves: codes that others publish for light, and that each code and each light comes back."""

import numpy as np
import pytest
from understudy.core.media.log_spaces import LOG_SPACES
from understudy.core.media.primaries import CAMERA_GAMUTS

LIGHT = (-0.01, 0.0, 0.005, 0.18, 0.9, 4.0)
# Of OpenColorIO 2.6 with the configuration of Blender 5.2.
BLENDER_CODES = {
    "Apple Log": (0.101855, 0.150476, 0.178334, 0.488272, 0.681687, 0.864676),
    "CanonLog2 CinemaGamut D55": (0.02191, 0.092864, 0.134233, 0.398255, 0.562304, 0.717736),
    "CanonLog3 CinemaGamut D55": (0.103172, 0.125122, 0.136097, 0.343389, 0.564474, 0.794469),
    "D-Log D-Gamut": (0.032648, 0.092905, 0.123033, 0.398764, 0.572945, 0.738175),
    "S-Log3 Venice S-Gamut3": (0.026645, 0.092864, 0.125974, 0.410558, 0.584454, 0.749099),
    "V-Log V-Gamut": (0.068999, 0.125, 0.153, 0.423311, 0.588168, 0.743841),
    "BMDFilm WideGamut Gen5": (0.00963, 0.092466, 0.133884, 0.383561, 0.521384, 0.650642),
}
# Of the makers' data sheets, in codes of 10 bits: of no light, of grey and of white, 90 %.
MAKERS_CODES = {
    "F-Log F-Gamut": (95, 470, 705),
    "F-Log2 F-Gamut": (95, 400, 570),
    "N-Log N-Gamut": (128, 372, 603),
}
CODES = np.linspace(0, 1, 1 << 14)


@pytest.mark.parametrize("name", BLENDER_CODES)
def test_codes_are_those_of_blender(name: str) -> None:
    codes = LOG_SPACES[name][0].from_light(np.array(LIGHT))
    assert codes == pytest.approx(BLENDER_CODES[name], abs=2e-6)


@pytest.mark.parametrize("name", MAKERS_CODES)
def test_codes_are_those_of_the_makers(name: str) -> None:
    codes = LOG_SPACES[name][0].from_light(np.array([0, 0.18, 0.9])) * 1023
    assert codes == pytest.approx(MAKERS_CODES[name], abs=0.8)  # N-Log's own table rounds up


@pytest.mark.parametrize("name", LOG_SPACES)
def test_light_goes_up_with_its_codes_and_comes_back(name: str) -> None:
    curve, _ = LOG_SPACES[name]
    light = curve.to_light(CODES)
    assert (np.diff(light) >= 0).all()
    assert (np.diff(light)[CODES[1:] > 0.2] > 0).mean() > 0.9995  # the parts of N-Log do not quite meet
    back = curve.from_light(light)
    clear = np.diff(light, append=np.inf) > 0  # below black some curves have one light for all codes
    assert np.abs(back - CODES)[clear].max() < 3e-4
    assert curve.to_light(back) == pytest.approx(light, abs=1e-3, rel=1e-6)


def test_matrices_keep_white() -> None:
    for name, matrix in CAMERA_GAMUTS.items():
        assert np.array(matrix).sum(1) == pytest.approx(1, abs=3e-6), name
