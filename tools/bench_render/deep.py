# SPDX-License-Identifier: GPL-3.0-or-later
"""What clips of more than 8 bits cost at 1080p: `python -m tools.bench_render.deep`, a table and out/bench/deep.json.

The same frames are rendered in real Blender as OpenEXR images of half floats in ACEScg and as PNG images of 16 bits,
each beside a render without the modifier. Then the project is played, and what lies in its cache is counted.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from understudy.core.cache.maintenance.statistics import folder_summary
from understudy.core.errors import UnderstudyError
from understudy.core.export.exr_file import encode_light_exr
from understudy.core.face.types import Pixels
from understudy.core.media.exr import decode_srgb
from understudy.core.media.open import open_clip

from ..demo import LIGHT_SPACE
from ..demo.project import CACHE, Project, build, in_blender
from .material import Material, prepare_material
from .rounds import by_stage, ratios, render_round

BLENDER_JOB = "tools.bench_render.blender_job"
_HEIGHT = 1080
_KIB = 1024


def main() -> int:
    """Measure, print and write; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_render.deep", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("out/bench"), help="folder for what is made")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is rendered")
    parser.add_argument("--frames", type=int, default=24, help="how many frames")
    parser.add_argument(
        "--kinds", nargs="+", choices=tuple(_WRITERS), default=tuple(_WRITERS), help="of images"
    )
    options = parser.parse_args()
    work = options.output.resolve() / "render"
    try:
        material = prepare_material(work, None, None)
        report = measure_deep(material, options.rounds, options.frames, options.kinds)
    except UnderstudyError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    (options.output / "deep.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print_deep(report)
    return 0


def measure_deep(
    material: Material, rounds: int, frames: int, kinds: Sequence[str] = ("exr", "png")
) -> dict[str, Any]:
    """Measure each kind of clip.

    Parameters
    ----------
    material : Material
        Who plays the part, and the clip whose frames are shown.
    rounds : int
        How often everything is rendered.
    frames : int
        How many frames.
    kinds : sequence of str
        Of images.

    Returns
    -------
    dict of str
        By kind: the ratios of tweaked and untouched renders to plain ones, and what all of them took; percentiles of
        what the preview's handler takes during playback in milliseconds, by the clock and by processor time; the bytes
        of a layer image, and of what is kept of a frame by stage.
    """
    clip = material.at_height(_HEIGHT, frames)
    return {kind: _measure(material, clip, kind, rounds, frames) for kind in kinds}


def print_deep(report: Mapping[str, Any]) -> None:
    """Print what `measure_deep` returned as a table."""
    print(f"\n{'clip':<6}{'tweak':>14}{'again':>14}{'playback p95':>14}{'layer KiB':>11}  kept KiB a frame")
    for kind, facts in report.items():
        cells = (
            f"{facts[name]['median']:.2f} ({facts[name]['processor']['median']:.2f})"
            for name in ("tweak_vs_plain", "again_vs_plain")
        )
        playback = f"{facts['playback_ms']['p95']:.1f} ({facts['playback_processor_ms']['p95']:.1f})"
        kept = ", ".join(f"{stage} {bytes_ / _KIB:.0f}" for stage, bytes_ in facts["kept_bytes"].items())
        print(
            f"{kind:<6}"
            + "".join(f"{cell:>14}" for cell in cells)
            + f"{playback:>14}{facts['layer_bytes'] / _KIB:>11.0f}  {kept}"
        )
    print("ratios and milliseconds by the clock, in parentheses by processor time")


def _measure(material: Material, clip: Path, kind: str, rounds: int, frames: int) -> dict[str, Any]:
    folder = material.folder / f"deep_{kind}"
    images = folder / "images"
    shutil.rmtree(folder, ignore_errors=True)
    images.mkdir(parents=True)
    try:
        with open_clip(clip) as opened:
            for number in range(frames):
                _WRITERS[kind](images / f"image_{number:04d}.{kind}", np.asarray(opened.read(number)))
        faces = material.face, material.other
        done = [render_round(folder, images, faces, frames, agains=1) for _ in range(rounds)]
        project = build(folder, images, material.face, frames, ())
        project.movie("cold")
        layers = [project.layer(number).stat().st_size for number in range(frames)]
        kept = _kept_bytes(project, frames)
        return {
            "tweak_vs_plain": ratios(done, "tweak"),
            "again_vs_plain": ratios(done, "again"),
            "layer_bytes": round(sum(layers) / frames),
            "kept_bytes": kept,
            "passes": by_stage(done),
            **in_blender("play", folder, [], BLENDER_JOB)[0],
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _kept_bytes(project: Project, frames: int) -> dict[str, int]:
    """Return what each stage keeps of a frame, in bytes; stages that keep little of each are left out."""
    stages = folder_summary(project.folder / CACHE).stages
    shares = {name: round(share.payload_bytes / frames) for name, share in sorted(stages.items())}
    return {name: count for name, count in shares.items() if count >= _KIB}


def _write_exr(path: Path, pixels: Pixels) -> None:
    light = decode_srgb(pixels.astype(np.float32) / np.float32(255))
    path.write_bytes(encode_light_exr(light, half=True, space=LIGHT_SPACE))


def _write_png(path: Path, pixels: Pixels) -> None:
    cv2.imwrite(str(path), pixels[..., ::-1].astype(np.uint16) * np.uint16(257))


_WRITERS: dict[str, Callable[[Path, Pixels], None]] = {"exr": _write_exr, "png": _write_png}


if __name__ == "__main__":
    sys.exit(main())
