# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of a made-up project for tests of plans, whose files are not there."""

from pathlib import Path

from understudy.core.farm.plan import Asset, Chunk, ProjectFacts, StripFacts

ROOT = Path("/job/shot")
READY = Chunk(11, 20)
STRIP = StripFacts("clip", 1, 100, (1280, 720), READY.frame_count, (), (READY,))
ASSETS = (
    Asset("project", "shot.blend", ROOT / "shot.blend", 500_000, travels=True),
    Asset("clip", "//clip.mp4", ROOT / "clip.mp4", 10_000_000, travels=True),
    Asset("image", "//face.png", ROOT / "face.png", 300_000, travels=True),
)


def make_facts(**changes):
    """Return facts of 100 frames with one strip, 10 of its frames ready; `changes` are fields of `ProjectFacts`."""
    values = {
        "project": ROOT / "shot.blend",
        "scene": "Scene",
        "first_frame": 1,
        "last_frame": 100,
        "frame_step": 1,
        "output": str(ROOT / "render" / "####.png"),
        "stored_output": "//render/",
        "writes_movie": False,
        "file_extension": ".png",
        "cache_folder": ROOT / "understudy_cache",
        "layers_folder": ROOT / "understudy_cache" / "layers",
        "assets": ASSETS,
        "strips": (STRIP,),
        "blender_version": "5.2.2",
        "extension_version": "0.2.0",
    }
    return ProjectFacts(**{**values, **changes})
