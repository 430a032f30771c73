# SPDX-License-Identifier: GPL-3.0-or-later
"""What memory a long render holds: `python -m tools.bench_render.distinct`, lines of frames and MB.

It renders OpenEXR images of one face, each of which differs from all others: nothing that was kept of one is of use to
another. It takes 3.5 GB of disk for a while. For Linux.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from understudy.core.export.exr_file import encode_light_exr
from understudy.core.face.types import Floats
from understudy.core.media.exr import decode_srgb

from ..demo.make_up import write_sources
from ..demo.portrait import Portrait, load_portrait
from .peak_memory import resident_mib

_SIDE_PIXELS = 96
_GRAIN = 0.02
_POLL_SECONDS = 1.0
_SHARES = (0.01, 0.1, 0.5, 0.99)
"""Of the frames, after which the memory is printed: the process is there until the last."""
_COMMAND = ["render", "--fps", "24", "--colorspace", "ACEScg", "--set", "swap.crop_size=128", "--quiet"]


def main() -> int:
    """Measure and print; returns the exit code of the render."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_render.distinct", description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=Path("out/bench/distinct"), help="folder for what is made"
    )
    parser.add_argument("--frames", type=int, default=10_000, help="how many images")
    options = parser.parse_args()
    shutil.rmtree(options.output, ignore_errors=True)
    clip, result = options.output / "clip", options.output / "result"
    for folder in (clip, result):
        folder.mkdir(parents=True)
    portrait = load_portrait()
    write_sources(portrait, options.output / "harlequin.png", options.output / "face.png")
    light = _face_light(portrait)
    for number in range(options.frames):
        data = encode_light_exr(_with_grain(light, number), half=True, space="ACEScg")
        (clip / f"shot_{number:05d}.exr").write_bytes(data)
    code = _render(options.output, options.frames)
    shutil.rmtree(options.output)
    return code


def _face_light(portrait: Portrait) -> Floats:
    """Return the light of the face with something around it, (H, W, 3) float32."""
    low, high = portrait.landmarks[:, :2].min(0), portrait.landmarks[:, :2].max(0)
    half = int((high - low).max())
    left, top = (max(int(middle) - half, 0) for middle in (low + high) / 2)
    face = portrait.pixels[top : top + 2 * half, left : left + 2 * half]
    small = cv2.resize(face, (_SIDE_PIXELS, _SIDE_PIXELS), interpolation=cv2.INTER_AREA)
    return decode_srgb(np.asarray(small / 255, np.float32))


def _with_grain(light: Floats, number: int) -> Floats:
    """Return light with the grain of a frame: no two are alike."""
    grain = np.random.default_rng(number).normal(1, _GRAIN, light.shape)
    return np.asarray(light * grain, np.float32)


def _render(folder: Path, frames: int) -> int:
    """Render the clip by the command line, and print what memory the process holds at some frames."""
    clip, result = folder / "clip", folder / "result"
    places = ["--face", folder / "face.png", "--cache-dir", folder / "cache"]
    command = [
        *_COMMAND,
        clip,
        *places,
        "--output",
        result / "frame_%05d.exr",
        "--report",
        folder / "report.json",
    ]
    process = subprocess.Popen([sys.executable, "-m", "understudy.core.cli", *map(str, command)])
    marks = [max(int(share * frames), 1) for share in _SHARES]
    while process.poll() is None:
        time.sleep(_POLL_SECONDS)
        count = sum(1 for _ in result.iterdir())
        if marks and count >= marks[0]:
            print(f"{count} frames: {resident_mib(process.pid):.0f} MB", flush=True)
            marks.pop(0)
    if process.returncode == 0:
        print(f"{json.loads((folder / 'report.json').read_text())['frames_changed']} frames have a new face")
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
