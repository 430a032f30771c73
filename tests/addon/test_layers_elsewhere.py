# SPDX-License-Identifier: GPL-3.0-or-later
"""A project that is only readable, with its layers elsewhere: they are kept, and nothing is warned of."""

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from blender_driver import TIMEOUT_SECONDS

pytestmark = [
    pytest.mark.blender,
    pytest.mark.skipif(os.geteuid() != 0, reason="making a folder read-only for everybody takes root"),
]

OPEN = Path(__file__).parent / "scripts" / "open_project.py"
FRAMES = 3


def render_read_only(driver, folder, name, **environment):
    """Render where nothing can be written to the project's folder; returns the report and what was printed."""
    out = driver.folder / name
    out.mkdir()
    report = out / "report.json"
    job = {"project": str(folder / "p.blend"), "render": str(out / "out_")}
    job["environment"] = {"UNDERSTUDY_REPORT": str(report), **environment}
    (out / "job.json").write_text(json.dumps(job))
    place = shlex.quote(str(folder))
    command = shlex.join(driver.blender.command(OPEN, str(out / "job.json"), (driver.folder,)))
    script = f"mount --bind {place} {place} && mount -o remount,bind,ro {place} && exec {command}"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False,
    )  # fmt: skip
    assert report.is_file(), done.stdout[-1500:] + done.stderr[-3000:]
    return json.loads(report.read_text()), done.stdout


@pytest.mark.parametrize("prepared", [False, True])
def test_layers_of_a_project_that_is_only_readable_are_kept_elsewhere(drive, footage, prepared):
    folder = drive.folder / ("prepared" if prepared else "fresh")
    folder.mkdir()
    drive(
        ["project", {"size": [320, 240], "frames": [1, FRAMES], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        *([["render", {"out": drive.out("before")}]] if prepared else []),
        ["save", {}],
    )
    layers, results = (drive.folder / f"{folder.name} {name}" for name in ("layers", "results"))
    environment = {"UNDERSTUDY_LAYERS_DIR": str(layers), "UNDERSTUDY_CACHE_DIR": str(results)}
    first, _ = render_read_only(drive, folder, f"{folder.name}_first", **environment)
    assert first["shown"]["swapped"] == FRAMES
    assert first["warnings"] == []
    runs = sum(counts["run"] for counts in first["stages"].values())
    assert runs == 0 if prepared else runs > 0
    assert len([path for path in layers.glob("layers/*/*.tif") if path.stat().st_size > 100]) == FRAMES
    again, _ = render_read_only(drive, folder, f"{folder.name}_again", **environment)
    assert again["shown"]["swapped"] == FRAMES
    assert sum(counts["run"] for counts in again["stages"].values()) == again["frames_decoded"] == 0


@pytest.mark.parametrize("has_cache", [False, True])
def test_without_it_no_line_says_what_to_do_twice(drive, footage, has_cache):
    folder = drive.folder / f"warned {has_cache}"
    folder.mkdir()
    drive(
        ["project", {"size": [320, 240], "frames": [1, FRAMES], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["save", {}],
    )
    if not has_cache:
        shutil.rmtree(folder / "understudy_cache")
    report, output = render_read_only(drive, folder, f"warned {has_cache} out")
    assert report["shown"]["swapped"] == FRAMES
    lines = [line for line in output.splitlines() if line.startswith("Understudy: Warning: ")]
    print(*lines, sep="\n")
    assert lines
    assert all(line.count("choose another cache folder") <= 1 for line in lines)
