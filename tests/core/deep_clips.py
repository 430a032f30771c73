# SPDX-License-Identifier: GPL-3.0-or-later
"""The portrait in the light of a slow ramp, as a clip of 16 bits and as its 8-bit twin; layers of such clips."""

from pathlib import Path

import cv2
import numpy as np
from footage.portrait import make_up_portrait, portrait, write_picture
from understudy.core.cache.settings import CacheSettings
from understudy.core.layers.job import LayerJob
from understudy.core.layers.tiff import read_patch
from understudy.core.media.source import ClipSource
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.layer_session import LayerSession
from understudy.core.sessions.settings import RunSettings

SIZE = 512


def ramp_lit_portrait() -> np.ndarray:
    """(512, 512, 3) RGB float64 from 0 to 1: brighter from left to right, without steps of whole levels."""
    light = np.interp(np.arange(SIZE), (140, 310), (0.35, 1.1))[None, :, None]
    smooth = cv2.GaussianBlur(portrait().astype(np.float64), (0, 0), 1.0)
    return np.clip(smooth / 255 * light, 0, 1)


def eight_bits_of(deep: np.ndarray) -> np.ndarray:
    """What a 16-bit image is with 8 bits."""
    return ((deep.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


class DeepProject:
    """Makes layers of clips of one frame."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.person = write_picture(folder / "person.png", make_up_portrait())
        self.warnings: list[str] = []

    def jobs(self, clip: Path, *settings: str, reading: str = "") -> list[LayerJob]:
        """Return what the frame asks for."""
        request = SwapRequest(Identity((FaceImage(self.person),)), with_settings(Recipe(), list(settings)))
        path = self.folder / "project" / "layers" / "0123456789abcdef" / "000000.tif"
        return [LayerJob("clip", 1, ClipSource(False, (clip,), reading), 0, path, (request,))]

    def layer(self, clip: Path, *settings: str, reading: str = "", size: tuple[int, int] = (SIZE, SIZE)):
        """Return the frame's layer, (H, W, 4) of its own type, and its file."""
        (job,) = self.jobs(clip, *settings, reading=reading)
        path = job.layer_path
        session = LayerSession(RunSettings(CacheSettings(self.folder / "cache")))
        try:
            session.update_layer(job)
            self.warnings = session.as_dict()["warnings"]
        finally:
            session.close()
        patch = read_patch(path.read_bytes(), size)
        whole = np.zeros((size[1], size[0], 4), np.uint8 if patch is None else patch.pixels.dtype)
        if patch is not None:
            height, width = patch.pixels.shape[:2]
            whole[patch.top : patch.top + height, patch.left : patch.left + width] = patch.pixels
        return whole, path


def lay_over(frame: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """A frame (H, W, 3) with its layer over it, both as floats from 0 to 1."""
    most = np.iinfo(layer.dtype).max
    alpha = layer[..., 3:] / most
    return frame * (1 - alpha) + layer[..., :3] / most * alpha
