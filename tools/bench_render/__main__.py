# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: what rendering with Understudy costs, as a table, out/bench/render.json and render.png.

Everything that is compared with each other is measured in turn in one run, several times; a ratio is the median of
ratios of neighbours in time. Wall-clock time counts; processor time stands beside it, which others disturb less.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from understudy.core.errors import UnderstudyError

from ..demo.project import Project, build, in_blender, setting_words
from .deep import BLENDER_JOB, measure_deep, print_deep
from .exports import measure_exports, print_exports
from .lengths import measure_lengths
from .material import LOOP, Material, prepare_material
from .percentiles import spread
from .plot import draw
from .rounds import Round, by_stage, ratios, render_round
from .window import measure_window as window_measured
from .window_figures import table as window_table
from .without_blender import SOURCE_STAGES

_HEIGHTS = (240, 480, 720, 2160)
_LENGTHS = (100, 1000, 10_000)
_EVERY = 3 * LOOP
"""After how many frames of the longer clips they are compared with the shortest again."""
_TWEAKS = 3
"""How often the clips of these lengths are tweaked."""
_ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Measure, print and write; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_render", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("out/bench"), help="folder for what is made")
    parser.add_argument("--clip", type=Path, help="a movie of your own; the demo's is generated")
    parser.add_argument("--face", type=Path, help="your own image of the source person")
    parser.add_argument("--set", action="append", default=[], dest="settings", help="a parameter, name=value")
    parser.add_argument("--rounds", type=int, default=4, help="how often everything at 1080p is measured")
    parser.add_argument("--quick", action="store_true", help="few frames, one round: to see that it works")
    options = parser.parse_args()
    try:
        _bench(options)
    except UnderstudyError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def _bench(options: argparse.Namespace) -> None:
    began = time.perf_counter()
    output = options.output.resolve()
    work = output / "render"
    material = prepare_material(work, options.clip, options.face)
    rounds, frames = (1, 24) if options.quick else (max(options.rounds, 1), 90)
    clip = material.at_height(1080, frames)
    _say("renders at 1080p")
    faces, settings = (material.face, material.other), options.settings
    done = [render_round(work / "1080p", clip, faces, frames, 2, settings) for _ in range(rounds)]
    _say("our own part alone")
    alone = [_alone(material, clip, min(frames, 60), settings) for _ in range(rounds)]
    _say("slider and playback")
    moves = 20 if options.quick else 80
    live = [
        _live(work / "1080p", clip, material.face, frames, moves, settings) for _ in range(min(rounds, 2))
    ]
    _say("slider in Blender's window")
    window = _window(work, clip, material.face, 12 if options.quick else 60, settings)
    _say("other sizes")
    count = 10 if options.quick else 20
    sizes = {
        str(height): by_stage(
            [render_round(work / f"{height}p", material.at_height(height, count), faces, count, 1, settings)]
        )
        for height in (_HEIGHTS[:1] if options.quick else _HEIGHTS)
    }
    sizes["1080"] = by_stage(done)
    _say("long clips")
    counts, tweaks = ((50, 100), 1) if options.quick else (_LENGTHS, _TWEAKS)
    lengths = measure_lengths(
        material.make_loop, counts, material.face, work / "lengths", _EVERY, tweaks, settings
    )
    opening = _time_opening(material, 1000 if options.quick else _LENGTHS[-1])
    _say("the command line beside FFmpeg")
    exports = measure_exports(material, 1, 20) if options.quick else measure_exports(material, rounds)
    _say("clips of more than 8 bits")
    deep = measure_deep(material, *((1, 4) if options.quick else (rounds, 24)))
    report = _report(done, alone, live, sizes, lengths, opening) | window | {"exports": exports, "deep": deep}
    report["machine"] = {
        "processors": os.cpu_count(),
        "load": os.getloadavg()[2],
        "quick": options.quick,
        "settings": settings,
    }
    report["minutes"] = round((time.perf_counter() - began) / 60, 1)
    (output / "render.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    draw(output / "render.png", report)
    _print(report)
    print(f"\nwritten to {options.output}/render.json and render.png in {report['minutes']} minutes")


def _report(
    done: list[Round],
    alone: list[dict[str, Any]],
    live: list[dict[str, Any]],
    sizes: dict[str, Any],
    lengths: dict[str, Any],
    opening: dict[str, float],
) -> dict[str, Any]:
    counts = sorted(lengths, key=int)
    against: dict[str, dict[str, object]] = {
        "tweak_vs_plain": ratios(done, "tweak"),
        "again_vs_plain": ratios(done, "again"),
        "source_vs_parts": dict(spread([_source(one, part) for one, part in zip(done, alone, strict=True)])),
        "cold_vs_models": dict(spread([one["cold_vs_models"] for one in alone])),
    }
    shown = list(against)
    checks = [one["check_ms"] / render.milliseconds("again") for one, render in zip(alone, done, strict=True)]
    against["check_vs_again"] = dict(spread(checks, 5))
    against["source_alone_vs_parts"] = dict(spread([one["source_vs_parts"] for one in alone]))
    first, last = lengths[counts[0]], lengths[counts[-1]]
    parts = alone[0]["parts_ms"]
    rendered = _middle([one["live_rendered_ms"] for one in live])
    return {
        "ratios": {name: against[name]["median"] for name in shown},
        # What a window tells takes the place of these two.
        "live_ms": rendered,
        "live_by": "render",
        "fuse_ms": _middle([one["fuse_ms"] for one in alone]),
        "playback_ms": _middle([one["playback_ms"] for one in live])["p50"],
        "growth": last["growth"]["cold"]["wall"]["median"],
        "peak_mib": round(last["peak_mib"], 1),
        "open_s": round(opening["with"] - opening["without"], 3),
        "spread": against,
        "live_rendered_ms": rendered,
        "live_written_ms": _middle([one["live_written_ms"] for one in live]),
        "redraw_ms": _middle([one["redraw_ms"] for one in live]),
        "playback": _middle([one["playback_ms"] for one in live]),
        "growth_more": {
            "cold": last["growth"]["cold"],
            "tweak": last["growth"]["tweak"],
            "peak": round(last["peak_mib"] / first["peak_mib"], 3),
        },
        "alone_ms": {
            "parts": {name: round(median(one["parts_ms"][name] for one in alone), 2) for name in parts},
            **{
                name: {
                    kind: round(median(one[f"{name}_ms"][kind] for one in alone), 2)
                    for kind in ("wall", "processor")
                }
                for name in ("cold", "source", "tweak")
            },
        },
        "opening": opening,
        "passes": sizes["1080"],
        "sizes": sizes,
        "lengths": lengths,
    }


def _source(done: Round, alone: dict[str, Any]) -> float:
    """Compare the render with another source with the plain one plus shape, swap and fuse alone."""
    parts = sum(alone["parts_ms"][f"source_{name}"] for name in SOURCE_STAGES)
    return done.milliseconds("source") / (done.milliseconds("plain") + parts)


def _alone(material: Material, clip: Path, frames: int, settings: Sequence[str]) -> dict[str, Any]:
    folder = material.folder / "alone"
    folder.mkdir(exist_ok=True)
    words = ["--clip", clip, "--face", material.face, "--other", material.other, "--folder", folder]
    return _facts(
        "tools.bench_render.without_blender", folder, [*words, "--frames", frames, *setting_words(settings)]
    )


def _live(
    folder: Path, clip: Path, face: Path, frames: int, moves: int, settings: Sequence[str]
) -> dict[str, Any]:
    """Prepare a project by rendering it, then move a slider and play it."""
    project = build(folder, clip, face, frames, settings)
    project.movie("cold")
    return in_blender("live", project.folder, ["--moves", str(moves)], BLENDER_JOB)[0]


def _window(folder: Path, clip: Path, face: Path, moves: int, settings: Sequence[str]) -> dict[str, Any]:
    """Move the slider in a window; where there is none, say why, and leave its figures empty."""
    try:
        return {**window_measured(folder, clip, face, moves, settings), "live_by": "window"}
    except UnderstudyError as reason:
        _say(f"skipped, so that live_ms is that of a whole render, which costs more: {reason}")
        return {"live_window_ms": None}


def _time_opening(material: Material, frames: int) -> dict[str, float]:
    """Return the seconds to open a long project with its layer and us, and without both."""
    folder = material.folder / "opening"
    folder.mkdir(exist_ok=True)
    project: Project = build(folder, material.make_loop(frames), material.face, frames, ())
    project.stills([0], folder / "stills")
    bare = folder / "bare.blend"
    pictures = in_blender("bare", folder, ["--copy", str(bare)], BLENDER_JOB)[0]["pictures"]
    if pictures < frames:
        raise UnderstudyError(f"the long project has {pictures} layer images, not {frames}")
    jobs: dict[str, Callable[[], float]] = {
        "with": lambda: in_blender("load", folder, ["--copy", str(project.blend)], BLENDER_JOB)[0]["seconds"],
        "without": lambda: in_blender("load", folder, ["--copy", str(bare), "--alone"], BLENDER_JOB)[0][
            "seconds"
        ],
    }
    return {name: min(job() for _ in range(2)) for name, job in jobs.items()} | {"pictures": pictures}


def _facts(module: str, folder: Path, words: list[Any]) -> dict[str, Any]:
    """Run a module of the bench in a process of its own and return what it wrote."""
    facts = folder / "facts.json"
    command = [sys.executable, "-m", module, *map(str, words), "--facts", str(facts)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnderstudyError(
            f"{module} failed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"
        )
    return json.loads(facts.read_text(encoding="utf-8"))


def _middle(entries: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(median(entry[name] for entry in entries), 2) for name in entries[0]}


def _say(text: str) -> None:
    print(f"bench: {text}", flush=True)


def _print(report: dict[str, Any]) -> None:
    stages = list(report["passes"]["plain"]["stages_ms"])
    print(
        f"\n{'pass':<8}{'ms/frame':>10}{'low':>8}{'high':>8}{'cpu ms':>9}"
        + "".join(f"{s:>10}" for s in stages)
    )
    for name, facts in report["passes"].items():
        wall = facts["ms"]
        print(
            f"{name:<8}{wall['median']:>10.1f}{wall['low']:>8.1f}{wall['high']:>8.1f}"
            f"{facts['processor_ms']['median']:>9.1f}"
            + "".join(f"{facts['stages_ms'][s]:>10.1f}" for s in stages)
        )
    print()
    for name, entry in report["spread"].items():
        more = f", processor {entry['processor']['median']:.3f}" if "processor" in entry else ""
        print(f"{name:<22}{entry['median']:>8.4g}  ({entry['low']:.4g} to {entry['high']:.4g}{more})")
    for name in ("live_rendered_ms", "live_written_ms", "redraw_ms", "fuse_ms", "playback"):
        print(f"{name:<18}{report[name]['p50']:>8.2f}  (p95 {report[name]['p95']:.2f})")
    if report["live_by"] == "window":
        print(window_table(report))
    else:
        print(f"{'live_ms':<18}    as live_rendered_ms, since there was no window")
    more = report["growth_more"]
    for name in ("cold", "tweak"):
        wall, processor = more[name]["wall"], more[name]["processor"]["median"]
        spreads = f"{wall['low']:.3f} to {wall['high']:.3f}, processor {processor:.3f}"
        print(f"{'growth, ' + name:<18}{wall['median']:>8.3f}  ({spreads})")
    print_exports(report["exports"])
    print_deep(report["deep"])
    print(f"{'peak_mib':<18}{report['peak_mib']:>8.1f}  ({more['peak']:.3f} times that of the shortest clip)")
    print(f"{'open_s':<18}{report['open_s']:>8.3f}")


if __name__ == "__main__":
    sys.exit(main())
