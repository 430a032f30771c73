# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a face of another form the falloff of light that its view cuts off.

Where the form is the source's, light is compared in the large, so a lamp's falloff is not in the new face: it would end
in an edge where the mask does, and where the white of the lamp is taken for something in front of the face. So near to
such light, and nowhere else, light is compared closely.
"""

import cv2
import numpy as np

from ..face.types import Floats, Levels
from ..geometry.channels import spread_channels
from ..geometry.crop import scale_points
from ..geometry.low_pass import low_pass, weighted_low_pass
from ..geometry.mesh_topology import Topology
from ..geometry.smoothstep import smoothstep
from ..swap.crops import FusionCrop
from ..swap.mesh import CropRegion, light_size
from .colour import DARK_OFFSET_LEVELS
from .footage_look import FootageLook

VERSION = 1
_WHOLE_EXCESS = 0.1
"""Light beyond the view's white that counts as a lamp."""
_PALE_LEVEL, _WHITE_LEVEL = 160.0, 220.0
"""From here on to there color tells less and less whether it is skin that the lamp lights."""
_REACH_SHARE = 0.12
"""How far around a lamp light is compared closely, the standard deviation in widths of the face."""
_WHOLE_NEARNESS = 0.1
_DETAIL_SHARE = 0.04
"""What is smaller than this share of the face's width stays the source's."""
_MAX_LOG_GAIN = 1.4


def face_glare(
    crop: FusionCrop, points: Floats, region: CropRegion, topology: Topology, footage: FootageLook
) -> Floats | None:
    """Return how near each pixel of a crop is to light that its view cuts off.

    Parameters
    ----------
    crop : FusionCrop
        The swapped face and the target's own.
    points : ndarray, shape (478, 3)
        Landmarks in pixels of the crop.
    region : CropRegion
        Where the crop lies in the frame.
    topology : Topology
        The canonical face mesh.
    footage : FootageLook
        What the view cut off.

    Returns
    -------
    ndarray, shape (h, w), float32, or None
        0 to 1, in the size in which light is compared; it changes slowly. None where nothing was cut off.
    """
    if footage.excess is None:
        return None
    size = light_size((crop.target.shape[1], crop.target.shape[0]))
    excess = cv2.resize(footage.excess, size, interpolation=cv2.INTER_AREA)
    lamp = np.clip(excess.max(2) / np.float32(_WHOLE_EXCESS), 0, 1)
    outline = scale_points(points, region.size, size)[topology.oval]
    sigma = max(_REACH_SHARE * float(np.ptp(outline[:, 0])), 0.5)
    # A lamp goes on beyond the crop.
    near = cv2.GaussianBlur(lamp, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return smoothstep(np.asarray(near, np.float32) / np.float32(_WHOLE_NEARNESS))


def uncover_glare(bare: Floats, target: Levels, share: Floats) -> Floats:
    """Return where nothing covers a face, as far as color tells, but that a lamp's white is no cover.

    Parameters
    ----------
    bare : ndarray, shape (h, w), float32
        Where color tells that nothing covers the face, 0 to 1.
    target : ndarray, shape (h, w, 3), uint8 or float32
        RGB in levels.
    share : ndarray, any smaller shape, float32
        See `face_glare`.

    Returns
    -------
    ndarray, shape (h, w), float32
        0 to 1.
    """
    near = cv2.resize(share, bare.shape[::-1], interpolation=cv2.INTER_LINEAR)
    least = target.min(2).astype(np.float32)
    white = smoothstep((least - np.float32(_PALE_LEVEL)) / np.float32(_WHITE_LEVEL - _PALE_LEVEL))
    return np.asarray(np.maximum(bare, near * white), np.float32)


def glare_gain(target: Floats, lit: Floats, weight: Floats, share: Floats, outline: Floats) -> Floats:
    """Return what a lit face is to be multiplied with so that its light falls off as the target's does.

    Parameters
    ----------
    target, lit : ndarray, shape (h, w, 3), float32
        RGB in levels of the same small crop.
    weight : ndarray, shape (h, w), float32
        Where both show skin, 0 to 1; the lamp's white may be skin too.
    share : ndarray, shape (h, w), float32
        How far light is compared closely, 0 to 1, see `face_glare`.
    outline : ndarray, shape (n, 2)
        The face's, in pixels of the crop.

    Returns
    -------
    ndarray, shape (h, w, 3), float32
        1 where nothing changes.
    """
    sigma = max(_DETAIL_SHARE * float(np.ptp(outline[:, 0])), 0.5)
    near = low_pass(weight, sigma)
    around, own = (weighted_low_pass(image, weight, near, sigma) for image in (target, np.maximum(lit, 0)))
    offset = np.float32(DARK_OFFSET_LEVELS)
    gain = np.clip(np.log((around + offset) / (own + offset)), -_MAX_LOG_GAIN, _MAX_LOG_GAIN)
    return np.asarray(np.exp(gain * spread_channels(share)), np.float32)
