# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tools.demo`: the main job in real Blender, with what each render cost."""

import argparse
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.errors import OutputError, UnderstudyError
from understudy.core.media.open import open_clip
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.reporting.stage_counts import USUAL_STAGES

from .contact_sheet import alpha_of, frames_of, moments, write_sheet
from .make_up import write_sources
from .portrait import load_portrait
from .project import Pass, Project, build
from .synthetic_clip import write_clip

TWEAK = "fusion.blend=0.6"
_MORE_TWEAKS = ("fusion.blend=0.75", "fusion.blend=0.5")
# Paint is a colour of its own: less of it is given up to the light of the clip than of a person's skin.
_PAINT = ("fusion.colour_match=0.6", "fusion.light_radius=40")
_PICTURE = Path(__file__).resolve().parents[2] / "docs" / "demo.png"


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("out/demo"), help="folder for what is made")
    parser.add_argument("--clip", type=Path, help="a movie of your own")
    parser.add_argument("--face", type=Path, help="your own image of the source person")
    parser.add_argument("--frames", type=int, default=90, help="render no more than these frames")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the generated clip; 1 is 1080p")
    parser.add_argument("--repeats", type=int, default=3, help="how often renders are timed, 1 to 3")
    parser.add_argument("--update-docs", action="store_true", help="copy the contact sheet to docs/")
    options = parser.parse_args(arguments)
    try:
        return run(options)
    except UnderstudyError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def run(options: argparse.Namespace) -> int:
    """Do everything; UnderstudyError where that is impossible. 1 if a pixel outside the layer changed."""
    folder = options.output.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "blender.log").write_text("", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"can't write to {folder}: {error.strerror}; choose another --output") from error
    clip, face, other = _material(options, folder)
    frames = _count_frames(clip, (face, other), options.frames)
    print(f"Clip {clip.name}, {frames} frames; source {face.name}, then {other.name}", flush=True)
    project = build(folder, clip, face, frames, () if options.face else _PAINT)
    chosen = moments(frames)
    passes, masks = _passes(project, other, chosen, options.repeats)
    outside = count_changes_outside(folder / "stills", chosen, masks)
    ratios = {f"{name}_vs_plain": _ratio(passes, name) for name in ("tweak", "again")}
    report = {"passes": {name: done.as_dict() for name, done in passes.items()}, "ratios": ratios}
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    titles = {
        "plain": "Original",
        "cold": "Result",
        "tweak": "Tweaked: blend 0.6",
        "source": "Another source",
    }
    columns = [(title, frames_of(folder / f"{name}.mp4", chosen)) for name, title in titles.items()]
    write_sheet(folder / "contact_sheet.png", [*columns, ("Mask", masks)], masks)
    if options.update_docs:
        _PICTURE.parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / "contact_sheet.png", _PICTURE)
    _print(passes, ratios)
    print(f"Pixels outside the layer that differ from the render without the modifier: {outside}")
    print(f"Report, clips and contact_sheet.png are in {options.output}")
    return 1 if outside else 0


def _material(options: argparse.Namespace, folder: Path) -> tuple[Path, Path, Path]:
    """Return clip, picture and second picture, generating those that were not given."""
    if options.clip is not None:
        with open_clip(options.clip):
            pass  # a movie that can't be read is told before anything is painted
    elif options.frames < 1 or not 0.1 <= options.scale <= 2:
        raise OutputError("--frames must be 1 or more, --scale from 0.1 to 2")
    tiger, harlequin, own = folder / "tiger.png", folder / "harlequin.png", folder / "clip.mp4"
    portrait = load_portrait()
    write_sources(portrait, harlequin, tiger)
    if options.clip is None:
        write_clip(portrait, own, min(options.frames, 90), options.scale)
    return (options.clip or own).resolve(), (options.face or tiger).resolve(), harlequin


def _count_frames(clip: Path, pictures: tuple[Path, ...], limit: int) -> int:
    """Make sure that clip and pictures will do before Blender is started; returns how many frames to render."""
    with open_clip(clip) as opened:
        count = min(opened.info.frame_count, limit)
        opened.read(0)
    if count < 1:
        raise OutputError("--frames must be 1 or more")
    pipeline = Pipeline(MemoryStore(64 << 20), embedded_models())
    pipeline.check([SwapRequest(Identity((FaceImage(path),))) for path in pictures])
    pipeline.close()
    return count


def _passes(
    project: Project, other: Path, chosen: list[int], repeats: int
) -> tuple[dict[str, Pass], list["np.ndarray[tuple[int, int], np.dtype[np.uint8]]"]]:
    """Render everything. Plain, again and tweak are timed in turn, since a shared machine is never equally fast."""
    plains = [project.movie("plain", bare=True)]
    cold, agains = project.movie("cold"), [project.movie("again")]
    if repeats > 1:
        plains.append(project.movie("repeat", bare=True))
        agains.append(project.movie("repeat"))
    project.stills(chosen, project.folder / "stills")
    masks = [alpha_of(project.layer(number)) for number in chosen]
    tweaks = [project.movie("tweak", settings=[TWEAK])]
    for setting in _MORE_TWEAKS[: max(repeats - 1, 0)]:
        plains.append(project.movie("repeat", bare=True))
        tweaks.append(project.movie("repeat", settings=[setting]))
    (project.folder / "repeat.mp4").unlink(missing_ok=True)
    source = project.movie("source", face=other)
    passes = {"plain": _fastest(plains), "cold": cold, "again": _fastest(agains), "tweak": _fastest(tweaks)}
    return {**passes, "source": source}, masks


def _fastest(renders: list[Pass]) -> Pass:
    """Return the first of several like renders, with the least seconds: other programs only ever add some."""
    seconds, processor = (min(getattr(done, name) for done in renders) for name in ("seconds", "processor"))
    return replace(renders[0], seconds=seconds, processor=processor)


def count_changes_outside(
    folder: Path, numbers: list[int], masks: "list[np.ndarray[tuple[int, int], np.dtype[np.uint8]]]"
) -> int:
    """Count the pixels, over all stills, that the modifier changed although its layer is clear there."""
    count = 0
    for number, mask in zip(numbers, masks, strict=True):
        pair = [cv2.imread(str(folder / f"{state}_{number:04d}.png")) for state in ("with", "without")]
        if pair[0] is None or pair[1] is None:
            raise OutputError(f"Blender rendered no still of frame {number} into {folder}")
        height, width = pair[0].shape[:2]
        count += int(((pair[0] != pair[1]).any(2) & (mask[:height, :width] == 0)).sum())
    return count


def _ratio(passes: dict[str, Pass], name: str) -> float:
    return round(passes[name].seconds / max(passes["plain"].seconds, 1e-6), 3)


def _print(passes: dict[str, Pass], ratios: dict[str, float]) -> None:
    heads = "".join(f"{stage:>10}" for stage in USUAL_STAGES)
    print(f"\n{'pass':<8}{'seconds':>9}{'ms/frame':>10}{'models':>8}{'decoded':>9}{heads}")
    for name, done in passes.items():
        runs = "".join(f"{done.stages[stage]['run']:>10}" for stage in USUAL_STAGES)
        each = 1000 * done.seconds / done.frames
        print(
            f"{name:<8}{done.seconds:>9.2f}{each:>10.1f}{done.models_loaded:>8}{done.frames_decoded:>9}{runs}"
        )
    print("models: loaded by us; decoded: frames decoded by us; stages: how often each ran\n")
    plain = max(passes["plain"].processor, 1e-6)
    for name in ("tweak", "again"):
        print(
            f"{name} takes {ratios[f'{name}_vs_plain']:.2f} times the render without the modifier "
            f"({passes[name].processor / plain:.2f} times its processor time)"
        )


if __name__ == "__main__":
    sys.exit(main())
