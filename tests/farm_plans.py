# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans to write jobs of, and what run-task understands of the words of a job."""

from pathlib import Path

from understudy.core.cli.arguments import parser
from understudy.core.farm.chunks import make_chunks
from understudy.core.farm.plan import Estimate, FarmPlan, ProjectFacts
from understudy.core.farm.writers.options import BLENDER_LAUNCHER


def make_plan(project="/x/shot.blend", scene="Scene", step=1, last=10, size=4, **changes):
    facts = ProjectFacts(
        project=Path(project),
        scene=scene,
        first_frame=1,
        last_frame=last,
        frame_step=step,
        output=f"{Path(project).parent}/out/shot_####",
        writes_movie=False,
        file_extension=".png",
        cache_folder=Path(project).parent / "understudy_cache",
        layers_folder=Path(project).parent / "understudy_cache" / "layers",
        assets=(),
        strips=(),
        blender_version="5.2.2",
        extension_version="0.2.0",
    )
    values = {
        "facts": facts,
        "chunks": make_chunks(1, last, step, size),
        "chunk_size": size,
        "prepares_first": True,
        "is_strict": True,
        "environment": {"UNDERSTUDY_TRUST": str(Path(project).parent)},
        "estimate": Estimate(last, 0, 1.0, 0, 0, ""),
        "faults": (),
        "warnings": (),
    }
    return FarmPlan(**{**values, **changes})


def task_of(words, launcher=BLENDER_LAUNCHER):
    """What run-task understands of the words of a command."""
    assert tuple(words[: len(launcher)]) == launcher
    return parser().parse_args(words[len(launcher) :])
