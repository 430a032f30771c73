# SPDX-License-Identifier: GPL-3.0-or-later
"""What a farm reads of a render: the lines that its parsers look for, and one line before a signal ends Blender."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from blender_driver import TIMEOUT_SECONDS
from damaged_project import BAD, make_damaged_project

pytestmark = [pytest.mark.blender]

OPEN = Path(__file__).parent / "scripts" / "open_project.py"
# How AWS Deadline Cloud's program for Blender finds errors in what Blender prints.
DEADLINE_CLOUD_ERROR = re.compile(".*Exception:.*|.*Error:.*|.*Warning.*")


def render(driver, folder, reads, **job):
    (folder / "job.json").write_text(
        json.dumps(
            {"project": str(folder / "p.blend"), "environment": {}, "render": str(folder / "out_"), **job}
        )
    )
    command = driver.blender.command(OPEN, str(folder / "job.json"), (driver.folder, *reads))
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)


def ours(done):
    return [line for line in done.stdout.splitlines() if line.startswith("Understudy: ")]


def test_a_frame_that_is_not_as_asked_for_is_found_by_parsers_and_no_other_line_is(drive, footage):
    folder, steps = make_damaged_project(drive, footage, "lines")
    drive(*steps, ["save", {}])
    matches = [line for line in ours(render(drive, folder, ())) if DEADLINE_CLOUD_ERROR.match(line)]
    assert len(matches) == 1
    assert matches[0].startswith(f"Understudy: Warning: clip, frame {BAD}: ")


def test_a_signal_that_ends_blender_is_said_in_a_line(every_blender, footage):
    folder, steps = make_damaged_project(every_blender, footage, "terminated")
    every_blender(*steps, ["save", {}])
    done = render(every_blender, folder, (footage.folder,), terminate_at=2)
    assert done.returncode in (-15, 143)
    assert ours(done)[-1] == "Understudy: Error: the render is ended by SIGTERM at frame 2"
    assert (folder / "out_0001.png").is_file()
    assert not (folder / "out_0003.png").exists()
