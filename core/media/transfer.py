# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfer curves of HDR: from the codes of footage to light and back. Logarithmic ones are in `log_curves`."""

from typing import Any

import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[np.floating[Any]]

WHITE = 203.0
"""cd/m2 of HDR's diffuse white (Report ITU-R BT.2408)."""
HLG_PEAK = 1000.0
"""cd/m2 of the screen that HLG is taken for."""
# SMPTE ST 2084, Recommendation ITU-R BT.2100.
_M1, _M2, _C1, _C2, _C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
_PQ_PEAK = 10_000.0
# Recommendation ITU-R BT.2100: HLG.
_A, _B, _C, _GAMMA = 0.17883277, 0.28466892, 0.55991073, 1.2
_LUMA = np.array([0.2627, 0.6780, 0.0593])
_LEAST_LUMA = 1e-9
"""Below that HLG's screen is taken as linear, so that there is a way back."""


def pq_to_light(codes: _Array) -> _Array:
    """Return the light of PQ codes.

    Parameters
    ----------
    codes : ndarray, any shape, floating
        From 0 to 1.

    Returns
    -------
    ndarray, the same shape
        In cd/m2.
    """
    power = np.maximum(codes, 0) ** (1 / _M2)
    return np.asarray(_PQ_PEAK * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1))


def light_to_pq(light: _Array) -> _Array:
    """Undo `pq_to_light`; what is below black is black."""
    power = (np.maximum(light, 0) / _PQ_PEAK) ** _M1
    return np.asarray(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2)


def hlg_to_scene(codes: _Array) -> _Array:
    """Return the light of the scene, 1 for the largest code, of HLG codes from 0 to 1.

    Parameters
    ----------
    codes : ndarray, any shape, floating
        From 0 to 1.

    Returns
    -------
    ndarray, the same shape
        From 0 to 1.
    """
    return np.asarray(np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - _C) / _A) + _B) / 12))


def scene_to_hlg(scene: _Array) -> _Array:
    """Undo `hlg_to_scene`; what is below black is black."""
    scene = np.maximum(scene, 0)
    bright = _A * np.log(np.maximum(12 * scene - _B, 1e-6)) + _C
    return np.asarray(np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright))


def scene_to_screen(scene: _Array) -> _Array:
    """Return what HLG's screen shows of the light of a scene.

    Parameters
    ----------
    scene : ndarray, shape (..., 3), floating
        With Rec.2020 primaries.

    Returns
    -------
    ndarray, the same shape
        In cd/m2.
    """
    luma = np.maximum((scene * _LUMA.astype(scene.dtype)).sum(-1, keepdims=True), _LEAST_LUMA)
    return np.asarray(HLG_PEAK * luma ** (_GAMMA - 1) * scene)


def screen_to_scene(light: _Array) -> _Array:
    """Undo `scene_to_screen`."""
    screen = light / HLG_PEAK
    luma = (screen * _LUMA.astype(light.dtype)).sum(-1, keepdims=True)
    return np.asarray(screen * np.maximum(luma, _LEAST_LUMA**_GAMMA) ** (1 / _GAMMA - 1))
