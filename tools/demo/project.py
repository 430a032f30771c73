# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's Blender project, driven from outside: every step is a fresh Blender process."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
from understudy.core.errors import OutputError, UnderstudyError
from understudy.core.reporting.stage_counts import USUAL_STAGES

_ROOT = Path(__file__).resolve().parents[2]
CACHE = "understudy_cache"


@dataclass(frozen=True)
class Pass:
    """What one render took and what ran for it."""

    seconds: float
    """Of the render alone, not of Blender's start."""
    processor: float
    """Processor seconds of the same, all threads together: what else the machine does changes them little."""
    frames: int
    models_loaded: int
    frames_decoded: int
    stages: dict[str, dict[str, int]]
    stage_seconds: dict[str, float]
    """What each of our stages took, all threads' waiting included."""

    def as_dict(self) -> dict[str, object]:
        """Return plain values for the report."""
        return {
            "seconds": self.seconds,
            "frames": self.frames,
            "models_loaded": self.models_loaded,
            "frames_decoded": self.frames_decoded,
            "stages": self.stages,
        }


@dataclass(frozen=True)
class Project:
    """A saved project with one clip, one modifier and an empty cache beside it."""

    folder: Path
    layers: Path
    """Where its layer images lie."""

    @property
    def blend(self) -> Path:
        """The .blend file."""
        return self.folder / "demo.blend"

    def movie(
        self, name: str, *, bare: bool = False, face: Path | None = None, settings: Sequence[str] = ()
    ) -> Pass:
        """Render the project to `name`.mp4. `face` and `settings` change it for this render alone."""
        options = ["--output", str(self.folder / f"{name}.mp4"), *setting_words(settings)]
        options += ["--bare"] if bare else []
        options += ["--face", str(face)] if face else []
        facts, report = in_blender("movie", self.folder, options)
        stages = {stage: report.get("stages", {}).get(stage, {}) for stage in USUAL_STAGES}
        for warning in report.get("warnings", ()):
            print(f"  {name}: {warning}", flush=True)
        return Pass(
            facts["seconds"],
            facts["processor"],
            facts["frames"],
            report.get("models_loaded", 0),
            report.get("frames_decoded", 0),
            {
                stage: {count: stages[stage].get(count, 0) for count in ("run", "hit")}
                for stage in USUAL_STAGES
            },
            {stage: stages[stage].get("seconds", 0.0) for stage in USUAL_STAGES},
        )

    def stills(self, numbers: Sequence[int], folder: Path) -> None:
        """Render frames as with_NNNN.png and without_NNNN.png."""
        folder.mkdir(exist_ok=True)
        in_blender("stills", self.folder, ["--output", str(folder), "--numbers", *map(str, numbers)])

    def layer(self, number: int) -> Path:
        """The layer image of a frame, counted from 0."""
        return self.layers / f"{number:06d}.tif"


def build(folder: Path, clip: Path, face: Path, frames: int, settings: Sequence[str]) -> Project:
    """Make the project in a folder, and empty the cache there, so that cold is cold.

    The clip is a movie or a folder of images; OpenEXR images are scene-linear.
    """
    if (folder / CACHE / "CACHEDIR.TAG").is_file():
        shutil.rmtree(folder / CACHE)
    sound = ["--sound"] if clip.is_file() and _has_sound(clip) else []
    options = [
        "--clip",
        str(clip),
        "--face",
        str(face),
        "--frames",
        str(frames),
        *sound,
        *setting_words(settings),
    ]
    facts, _ = in_blender("build", folder, options)
    return Project(folder, Path(facts["layers"]))


def _has_sound(movie: Path) -> bool:
    with av.open(str(movie)) as container:
        return bool(container.streams.audio)


def _environment(report: Path) -> dict[str, str]:
    """Return the environment of a Blender that keeps its compiled modules, as a user's does, wherever this runs."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    compiled = str(_ROOT / "out" / "compiled")
    return {**kept, "PYTHONPYCACHEPREFIX": compiled, "UNDERSTUDY_REPORT": str(report)}


def setting_words(settings: Sequence[str]) -> list[str]:
    """Return the words of a command line that set parameters by `name=value` texts."""
    return [word for setting in settings for word in ("--set", setting)]


def in_blender(
    job: str, folder: Path, options: list[str], module: str = "tools.demo.blender_job"
) -> tuple[dict, dict]:
    """Run a job of `module` in a fresh Blender; returns its facts and the report of the add-on's handlers."""
    facts, report = folder / ".facts.json", folder / ".handlers.json"
    facts.unlink(missing_ok=True)
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", module, job, "--blend", str(folder / "demo.blend")]
    done = subprocess.run(
        [*command, "--facts", str(facts), *options],
        cwd=_ROOT,
        env=_environment(report),
        capture_output=True,
        text=True,
        check=False,
    )
    (folder / "blender.log").open("a", encoding="utf-8").write(
        f"== {job} {options}\n{done.stdout}{done.stderr}\n"
    )
    if done.returncode or not facts.is_file():
        lines = done.stderr.strip().splitlines() or [f"Blender ended with code {done.returncode}"]
        raise UnderstudyError(f"{lines[-1].removeprefix('understudy: ')} (see {folder / 'blender.log'})")
    try:
        summary = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {}
        return json.loads(facts.read_text(encoding="utf-8")), summary
    except (OSError, ValueError) as error:
        raise OutputError(f"can't read what Blender reported in {folder}: {error}") from error
    finally:
        facts.unlink(missing_ok=True)
        report.unlink(missing_ok=True)
