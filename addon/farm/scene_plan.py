# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a scene's job as the panel Farm is set, and its files."""

from pathlib import Path

import bpy

from ...core.errors import FarmError
from ...core.farm.folder_checks import check_folders
from ...core.farm.job_files import write_job_files
from ...core.farm.plan import FarmPlan
from ...core.farm.planning import PlanOptions, make_plan
from ...core.farm.writers import JobOptions, write_job
from ...core.system.trust import TRUST_VARIABLE, is_allowed, trusted_folders
from ..prepare.strip_facts import known_image_fault
from ..properties.scene_properties import settings_of
from ..properties.source_image_files import absolute_path
from .project_facts import project_facts


def plan_of_scene(scene: bpy.types.Scene) -> FarmPlan:
    """Return the plan of the scene's frames. Of images it says what is known: no model is loaded in a window.

    Raises FarmError where the project was never saved.
    """
    settings = settings_of(scene).farm
    facts = project_facts(
        scene,
        image_fault_of=(
            None if bpy.app.background else lambda clip: known_image_fault(clip.scene, clip.requests)
        ),
    )
    chunk = None if settings.use_automatic_chunk else int(settings.chunk)
    options = PlanOptions(chunk, settings.workers, settings.prepare_first, settings.strict)
    return make_plan(facts, options, check_folders(facts))


def write_scene_job(scene: bpy.types.Scene, plan: FarmPlan) -> list[Path]:
    """Write the files of a scene's job, and return their paths.

    Raises FarmError where the job would fail, or where the project names a folder that it may not write to, and
    OutputError where that can't be written to.
    """
    settings = settings_of(scene).farm
    if plan.faults:
        raise FarmError(f"the job would fail, so nothing is written: {plan.faults[0]}")
    folder = absolute_path(settings.output)
    # The project may come from anyone, and says where.
    if not is_allowed(folder, plan.facts.project.parent, trusted_folders()):
        raise FarmError(
            f"{folder} is outside the project's own folder, so nothing is written there: choose a folder in that, "
            f"or name this one in {TRUST_VARIABLE}"
        )
    return write_job_files(folder, write_job(plan, settings.engine, JobOptions()))
