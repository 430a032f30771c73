# SPDX-License-Identifier: GPL-3.0-or-later
"""NASA's public-domain portrait of Eileen Collins, from the scikit-image wheel, as clips and sources."""

from pathlib import Path

import cv2
import numpy as np
import skimage.data
from understudy.core.face.types import Pixels


def portrait() -> Pixels:
    """The portrait, (512, 512, 3) RGB uint8; its face is about 125 pixels high."""
    return np.asarray(skimage.data.astronaut(), np.uint8)


def transform_portrait(
    scale: float = 1.0, angle: float = 0.0, shift: tuple[float, float] = (0, 0), size: int = 512
) -> tuple[Pixels, np.ndarray]:
    """The portrait turned (degrees, clockwise), scaled and shifted; and the (2, 3) matrix that did it."""
    matrix = cv2.getRotationMatrix2D((222.0, 120.0), -angle, scale)
    matrix[:, 2] += (size / 2 - 222 + shift[0], size / 2 - 120 + shift[1])
    picture = cv2.warpAffine(
        portrait(), matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(picture, np.uint8), matrix


def make_up_portrait() -> Pixels:
    """The portrait in plain stage make-up: a green face."""
    picture = portrait().astype(np.float32)
    mask = np.zeros((512, 512), np.float32)
    cv2.ellipse(mask, (222, 125), (62, 82), 0, 0, 360, 1, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 6)[..., None] * 0.75
    green = picture.mean(2, keepdims=True) * np.array([0.45, 1.05, 0.5])
    return np.asarray(np.clip(picture * (1 - mask) + green * mask, 0, 255), np.uint8)


def write_picture(path: Path, picture: Pixels) -> Path:
    """Write an RGB picture as a file of the kind its name says."""
    assert cv2.imwrite(str(path), picture[..., ::-1])
    return path


def write_sequence(folder: Path, count: int = 8, size: int = 384) -> list[Path]:
    """Write `count` pictures of the portrait in motion, with a little grain, as PNG files."""
    folder.mkdir(parents=True, exist_ok=True)
    grain = np.random.default_rng(5)
    paths = []
    for number in range(count):
        picture, _ = transform_portrait(
            1.1, 8 * np.sin(number / 3), (4.0 * number - 14, 1.5 * number - 6), size
        )
        noisy = np.clip(picture + grain.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)
        paths.append(write_picture(folder / f"{number:04d}.png", noisy))
    return paths
