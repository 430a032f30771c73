# SPDX-License-Identifier: GPL-3.0-or-later
"""The take that previews compare with: whose it is, and its layer images. Nothing of the scene shows or renders it."""

from collections.abc import Iterable
from dataclasses import dataclass

import bpy

from ...core.layers.job import LayerJob
from ..layers.take_layers import job_of_takes
from ..modifiers.stack import stack_of
from ..modifiers.takes import Choice, active_choice, place_of_take
from ..properties.compare_state import OFF, compare_state


@dataclass(frozen=True)
class ComparedTake:
    """A take of a modifier, with those that the other modifiers of its strip show.

    Attributes
    ----------
    strip_id : str
        The id of the stack.
    name : str
        The take's name.
    shown_name : str
        The name of the take that its modifier shows.
    choice : tuple of int
        The takes of the stack's modifiers, this one among them.
    is_shown : bool
        Whether it is the one that its modifier shows: then there is nothing to compare.
    """

    strip_id: str
    name: str
    shown_name: str
    choice: Choice
    is_shown: bool

    def job(self, job: LayerJob) -> LayerJob | None:
        """Return the job of this take's image at a job's frame; None for another strip."""
        if self.is_shown or job.owner_id != self.strip_id:
            return None
        return job_of_takes(job, self.choice, preview=True)


def compared_take(scene: bpy.types.Scene) -> ComparedTake | None:
    """Return the take that a scene's previews compare with; None where that is the original, or the take is gone."""
    state = compare_state()
    if not state.is_take:
        return None
    stack = stack_of(scene, state.strip_id)
    modifier = next((entry for entry in stack if entry.name == state.modifier), None)
    place = -1 if modifier is None else place_of_take(modifier, state.take_id)
    if modifier is None or place < 0:
        return None
    here, choice = stack.index(modifier), active_choice(stack)
    return ComparedTake(
        state.strip_id,
        modifier.takes[place].name,
        modifier.takes[choice[here]].name,
        (*choice[:here], place, *choice[here + 1 :]),
        place == choice[here],
    )


def compared_jobs(scene: bpy.types.Scene, jobs: Iterable[LayerJob]) -> tuple[LayerJob, ...]:
    """Return the jobs of the images that the visible frame is compared with; none where nothing is compared."""
    take = None if compare_state().mode == OFF else compared_take(scene)
    others = [] if take is None else [take.job(job) for job in jobs]
    return tuple(other for other in others if other is not None)
