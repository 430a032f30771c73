# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bench does inside Blender: renders a chunk of a project in a process of its own, as a farm's task does."""

import argparse
import json
import logging
import os
import time
from pathlib import Path

import bpy
import understudy
from understudy.core.reporting.log import room_logger

from ..demo.blender_job import leave, open_project
from .lease_waits import LeaseWaitRecorder

_IO_FILE = Path("/proc/self/io")


def main(arguments: list[str]) -> int:
    """Render one chunk; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blend", type=Path, required=True)
    parser.add_argument("--facts", type=Path, required=True, help="JSON file for what was used")
    parser.add_argument("--output", type=Path, required=True, help="folder for the frames")
    parser.add_argument("--first", type=int, required=True)
    parser.add_argument("--last", type=int, required=True)
    options = parser.parse_args(arguments)
    began = time.time()
    recorder, logger = LeaseWaitRecorder(), room_logger("cache")
    logger.addHandler(recorder)
    logger.setLevel(logging.DEBUG)
    understudy.register()
    scene, _ = open_project(options.blend)
    scene.frame_start, scene.frame_end = options.first, options.last
    settings = scene.render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGB", "8"
    scene.render.filepath = str(options.output / "frame_")
    bpy.ops.render.render(animation=True)
    used = os.times()
    facts = {
        "started_at_unix_seconds": began,
        "ended_at_unix_seconds": time.time(),
        "cpu_seconds": used.user + used.system + used.children_user + used.children_system,
        "bytes_written": _bytes_written(),
        "lease_waits": vars(recorder.waits),
    }
    options.facts.write_text(json.dumps(facts), encoding="utf-8")
    return 0


def _bytes_written() -> int:
    """Bytes that this process handed to the system to write; 0 where it does not count them."""
    if not _IO_FILE.is_file():
        return 0
    lines = _IO_FILE.read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


if __name__ == "__main__":
    leave(main)
