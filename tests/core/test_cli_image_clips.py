# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy render` of images of every kind: the movie shows them as a viewer does, and its length is theirs."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from understudy.core.cli.main import main
from understudy.core.media.orientation import turn_upright

from tests.core import face_clip
from tests.core.image_files import write_animation, write_exr
from tests.core.rendered_clip import pictures

COUNT = 5
FRAMES = [face_clip.frame(number) for number in range(COUNT)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    face_clip.write_picture(folder / "face.png", face_clip.portrait())
    for kind in ("plain", "turned", "gap", "transparent", "light"):
        (folder / kind).mkdir()
    exif = Image.Exif()
    exif[0x112] = 6
    clear = np.full(FRAMES[0].shape[:2], 255, np.uint8)
    clear[:, :60] = 0
    for number, pixels in enumerate(FRAMES):
        Image.fromarray(pixels).save(folder / "plain" / f"{number}.png")
        stored = turn_upright(pixels, 8)
        Image.fromarray(stored).save(
            folder / "turned" / f"{number}.jpg", exif=exif, quality=98, subsampling=0
        )
        if number != 2:
            Image.fromarray(pixels).save(folder / "gap" / f"{number}.png")
        Image.fromarray(np.dstack([pixels, clear])).save(folder / "transparent" / f"{number}.png")
        coded = pixels.astype(np.float32) / 255
        linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4).astype(
            np.float32
        )
        write_exr(
            folder / "light" / f"{number}.exr", dict(zip("RGB", np.moveaxis(linear, 2, 0), strict=True)), 2
        )
    write_animation(folder / "animated.webp", [40] * COUNT, FRAMES)
    write_animation(folder / "animated.png", [40] * COUNT, FRAMES)
    return folder


def render(place: Path, clip: str, *more: str) -> tuple[list[np.ndarray], dict]:
    output, report = place / f"{clip}.mp4", place / f"{clip}.json"
    rate = [] if "." in clip else ["--fps", "25"]
    command = ["render", str(place / clip), *rate, "--face", str(place / "face.png"), "--output", str(output)]
    assert main([*command, "--cache-dir", str(place / "cache"), "--report", str(report), *more]) == 0
    info, shown = pictures(output)
    assert info.fps == 25
    return shown, json.loads(report.read_text())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("clip", "order", "warning"),
    [
        ("plain", [0, 1, 2, 3, 4], ""),
        ("turned", [0, 1, 2, 3, 4], ""),
        ("gap", [0, 1, 1, 3, 4], "an image is missing in the sequence gap: frame 2 shows the one before"),
        ("transparent", [0, 1, 2, 3, 4], "0.png has transparent parts: they are black in the movie"),
        ("light", [0, 1, 2, 3, 4], "0.exr is read as linear light with Rec.709 primaries"),
        ("animated.webp", [0, 1, 2, 3, 4], ""),
        ("animated.png", [0, 1, 2, 3, 4], ""),
    ],
)
def test_the_movie_shows_what_a_viewer_does(place: Path, clip: str, order: list[int], warning: str) -> None:
    shown, report = render(place, clip, "--set", "fusion.blend=0")
    expected = [FRAMES[number].copy() for number in order]
    if clip == "transparent":
        for pixels in expected:
            pixels[:, :60] = 0
    assert len(shown) == len(expected)
    for ours, theirs in zip(shown, expected, strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours.astype(int) - theirs).mean() < 3
    about_movie = ("no frame was changed", "the clip is rgb48le")
    said = [text for text in report["warnings"] if not text.startswith(about_movie)]
    assert [text.startswith(warning) for text in said] == ([True] if warning else [])


@pytest.mark.slow
def test_faces_of_turned_images_are_swapped_as_those_of_upright_ones(place: Path) -> None:
    face_clip.write_picture(place / "face.png", face_clip.make_up_portrait((230, 20, 20)))
    turned, report = render(place, "turned")
    plain, _ = render(place, "plain")
    assert report["stages"]["detect"]["run"] + report["stages"]["detect"]["hit"] >= COUNT
    changed = np.abs(plain[0].astype(int) - FRAMES[0]).mean()
    assert changed > 0.5
    assert np.abs(cv2.absdiff(turned[0], plain[0])).mean() < changed


@pytest.mark.slow
def test_an_open_mouth_is_a_source_by_itself_and_by_a_margin(place: Path, shared: Path) -> None:
    source = shared / "footage" / "portraits" / "p31_open_mouth_720.jpg"
    for more in ([], ["--set", "detect.margin=100"]):
        output = place / "mouth.mp4"
        command = [
            "render",
            str(place / "plain"),
            "--fps",
            "25",
            "--face",
            str(source),
            "--output",
            str(output),
        ]
        assert main([*command, "--cache-dir", str(place / "cache"), *more]) == 0
        assert np.abs(pictures(output)[1][0].astype(int) - FRAMES[0]).mean() > 0.5
