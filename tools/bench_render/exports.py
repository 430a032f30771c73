# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy render` costs beside FFmpeg's program, which transcodes the same clip with the same settings.

It compares processor time, of renders whose results are in the cache but for the fusion: of a clip with a face all
along, and with `--copy-untouched` of one with a face for a tenth of the time.
"""

import argparse
import os
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from understudy.core.errors import UnderstudyError
from understudy.core.export.encoding import choose_encoding
from understudy.core.export.options import EncodingChoice
from understudy.core.export.source_video import describe_video
from understudy.core.face.types import Pixels
from understudy.core.media.open import open_clip

from .material import Material, prepare_material
from .percentiles import spread

_HEIGHT = 1080
_TILE_PIXELS = 60
_SEED = 5
_FRAMES = 150
"""How many frames the clips have, so that starting the programs counts for little; ten GOPs of half a second."""


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_render.exports", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("out/bench"), help="folder for what is made")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--frames", type=int, default=_FRAMES)
    options = parser.parse_args()
    try:
        material = prepare_material(options.output.resolve() / "render", None, None)
        print_exports(measure_exports(material, options.rounds, options.frames))
    except UnderstudyError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def measure_exports(material: Material, rounds: int, frames: int = _FRAMES) -> dict[str, dict[str, float]]:
    """Return the ratios of processor time to FFmpeg's, by name; none where its program is not installed."""
    program = shutil.which("ffmpeg")
    if program is None:
        return {}
    whole = material.at_height(_HEIGHT, frames)
    passing = whole.with_name(f"passing_{frames}.mp4")
    if not passing.is_file():
        _write_passing(whole, passing)
    return {
        "tweak_vs_ffmpeg": _compare(program, material, whole, rounds, ()),
        "untouched_vs_ffmpeg": _compare(program, material, passing, rounds, ("--copy-untouched",)),
    }


def print_exports(exports: dict[str, dict[str, float]]) -> None:
    """Print the ratios that were measured."""
    for name, entry in exports.items():
        print(f"{name:<22}{entry['median']:>8.3f}  ({entry['low']:.3f} to {entry['high']:.3f})")


def _compare(
    program: str, material: Material, clip: Path, rounds: int, more: tuple[str, ...]
) -> dict[str, float]:
    cache, movie = material.folder / f"export_cache_{clip.stem}", clip.with_name(f"export_{clip.name}")
    render = [sys.executable, "-m", "understudy.core.cli", "render", str(clip), "--face", str(material.face),
              "--quiet", "--output", str(movie), "--cache-dir", str(cache)]  # fmt: skip
    transcode = _transcode_command(program, clip, movie)
    _processor_seconds(*render)
    seconds = []
    for number in range(rounds):
        tweak = ("--set", f"fusion.blend={0.9 - number / 100:g}")
        seconds.append((_processor_seconds(*render, *tweak, *more), _processor_seconds(*transcode)))
    shutil.rmtree(cache)
    movie.unlink()
    return spread([ours / theirs for ours, theirs in seconds])


def _transcode_command(program: str, clip: Path, movie: Path) -> list[str]:
    """Return FFmpeg's command for what a render without arguments makes of a clip."""
    source = describe_video(clip)
    encoding = choose_encoding(".mp4", source, EncodingChoice(), source.tags)
    settings = [word for name, value in encoding.options.items() for word in (f"-{name}", value)]
    return [program, "-loglevel", "error", "-y", "-i", str(clip), "-c:v", encoding.encoder, *settings,
            "-c:a", "copy", str(movie)]  # fmt: skip


def _processor_seconds(*words: str) -> float:
    before = os.times()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnderstudyError(f"{words[0]} failed: {(done.stderr.strip() or 'no reason given')[-500:]}")
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def _write_passing(source: Path, path: Path) -> None:
    """Write a clip anew with its face in a tenth of the frames; in the others its tiles are shuffled.

    It has ten GOPs, of which one has the face.
    """
    random = np.random.default_rng(_SEED)
    with open_clip(source) as clip, av.open(str(path), "w") as container:
        info = clip.info
        settings = {"crf": "14", "preset": "veryfast", "g": str(info.frame_count // 10)}
        stream = container.add_stream("libx264", rate=info.fps, options=settings)
        stream.width, stream.height, stream.pix_fmt = info.width, info.height, "yuv420p"
        first = info.frame_count * 2 // 5
        with_face = range(first, first + info.frame_count // 10)
        order = random.permutation((info.height // _TILE_PIXELS) * (info.width // _TILE_PIXELS))
        for number in range(info.frame_count):
            pixels = np.asarray(clip.read(number), np.uint8)
            shown = pixels if number in with_face else _shuffled(pixels, order)
            image = av.VideoFrame.from_ndarray(shown, "rgb24").reformat(format="yuv420p")
            image.pts, image.time_base = number, 1 / Fraction(info.fps)
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))


def _shuffled(pixels: Pixels, order: np.ndarray) -> Pixels:
    rows, columns = pixels.shape[0] // _TILE_PIXELS, pixels.shape[1] // _TILE_PIXELS
    tiles = pixels.reshape(rows, _TILE_PIXELS, columns, _TILE_PIXELS, 3).swapaxes(1, 2)
    tiles = tiles.reshape(-1, _TILE_PIXELS, _TILE_PIXELS, 3)[order].reshape(
        rows, columns, _TILE_PIXELS, _TILE_PIXELS, 3
    )
    return np.ascontiguousarray(tiles.swapaxes(1, 2).reshape(pixels.shape))


if __name__ == "__main__":
    sys.exit(main())
