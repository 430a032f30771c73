# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of render farms as text: one writer for each engine, which knows nothing but the plan."""

from importlib import import_module

from ...errors import FarmError
from ..plan import FarmPlan
from .options import JobOptions

ENGINES = ("flamenco", "openjd", "slurm", "opencue", "deadline10")
__all__ = ["ENGINES", "JobOptions", "write_job"]


def write_job(plan: FarmPlan, engine: str, options: JobOptions) -> dict[str, str]:
    """Return the files of a job.

    Parameters
    ----------
    plan : FarmPlan
        What is rendered, in which chunks and with what.
    engine : str
        One of `ENGINES`.
    options : JobOptions
        How the tasks are started.

    Returns
    -------
    dict of str to str
        The texts by the names of their files.

    Raises
    ------
    FarmError
        There is no such engine, the plan has no frames, or a name can't be written for this engine.
    """
    if engine not in ENGINES:
        raise FarmError(f"there is no engine {engine!r}: choose one of {', '.join(ENGINES)}")
    if not plan.chunks:
        raise FarmError("there is nothing to render: choose a range with frames")
    files: dict[str, str] = import_module(f".{engine}", __name__).write(plan, options)
    return files
