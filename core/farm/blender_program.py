# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender as a program without a window: where it is, and what it says of a project."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from ..errors import FarmError, os_error_reason
from .chunks import require_blender_frames
from .facts_file import read_facts_file
from .plan import ProjectFacts

BLENDER_VARIABLE = "UNDERSTUDY_BLENDER"
_PYTHON_FAULT_EXIT = 9
_MAX_SECONDS = 1800
_OPERATOR_FAULT = re.compile(r"^RuntimeError: Error: (.+)$", re.MULTILINE)
_BLENDER_FAULT = re.compile(r"^(?:[\d:.]+ +\S+ +\| )?(?:Error|ERROR)[: ]+(.+)$", re.MULTILINE)
_FACTS_OPERATOR = "write_farm_facts"
_OPERATOR_EXPRESSION = "import bpy; bpy.ops.understudy.{}(**{!r})"
_T = TypeVar("_T")


def find_blender(named: str | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the Blender to start.

    Parameters
    ----------
    named : str or None
        A path or the name of a program on PATH; None for what `UNDERSTUDY_BLENDER` names, or else `blender`.
    environment : mapping of str to str
        The environment's variables.

    Returns
    -------
    pathlib.Path
        The program, absolute.

    Raises
    ------
    FarmError
        There is no such program, or it can't be run.
    """
    wanted = named or environment.get(BLENDER_VARIABLE, "").strip() or "blender"
    source = "--blender" if named else BLENDER_VARIABLE if wanted != "blender" else "PATH"
    inside_bundle = Path(wanted) / "Contents" / "MacOS" / "Blender"  # how macOS shows it is a folder
    if wanted.endswith(".app") and inside_bundle.is_file():
        return inside_bundle.resolve()
    program = shutil.which(wanted, path=environment.get("PATH"))
    if program is not None:
        return Path(program).absolute()
    if source == "PATH":
        raise FarmError(f"there is no blender on PATH: name it with --blender or in {BLENDER_VARIABLE}")
    reason = "it is no program that this user may run" if Path(wanted).exists() else "it is not there"
    raise FarmError(f"Blender {wanted} can't be started: {reason}; check {source}")


def read_project(
    blender: Path, project: Path, scene: str = "", first: int | None = None, last: int | None = None
) -> ProjectFacts:
    """Return what Blender says of a project, which is neither changed nor allowed to run its own scripts.

    Parameters
    ----------
    blender : pathlib.Path
        The program, see `find_blender`; Understudy is installed and enabled in it.
    project : pathlib.Path
        The .blend file.
    scene : str
        The name of the scene; empty for the one that the project was saved in.
    first, last : int or None
        The frames of its timeline to render; None for the scene's own.

    Returns
    -------
    ProjectFacts
        The facts.

    Raises
    ------
    FarmError
        The project is missing or does not open, Blender has no Understudy of this version, or renders no such frames.
    """
    require_blender_frames(*(frame for frame in (first, last) if frame is not None))
    wanted: dict[str, object] = {"scene": scene, "frame_start": first, "frame_end": last}
    wanted = {name: value for name, value in wanted.items() if value not in ("", None)}
    return run_operator(blender, project, _FACTS_OPERATOR, read_facts_file, wanted)


def run_operator(
    blender: Path,
    project: Path,
    operator: str,
    read_answer: Callable[[Path], _T],
    arguments: Mapping[str, object] | None = None,
) -> _T:
    """Run one of Understudy's operators on a project and return what it wrote. The project is not changed.

    Parameters
    ----------
    blender : pathlib.Path
        The program, see `find_blender`; Understudy is installed and enabled in it.
    project : pathlib.Path
        The .blend file. None of its own scripts is run.
    operator : str
        The operator's name after `understudy.`; it writes a file of the path `filepath`.
    read_answer : callable
        Returns what that file says.
    arguments : mapping of str to object or None
        The operator's other properties.

    Returns
    -------
    object
        What `read_answer` returned.

    Raises
    ------
    FarmError
        The project is missing or does not open, or Blender has no Understudy of this version.
    """
    if not project.is_file():
        raise FarmError(f"{project} is missing: check the path of the project")
    with tempfile.TemporaryDirectory(prefix="understudy_") as folder:  # gate: Blender writes there, not we
        answer = Path(folder) / "answer.json"
        wanted = {"filepath": str(answer), **(arguments or {})}
        words = [str(blender), "--background", "--disable-autoexec", str(project.absolute())]
        words += ["--python-exit-code", str(_PYTHON_FAULT_EXIT)]
        words += ["--python-expr", _OPERATOR_EXPRESSION.format(operator, wanted)]
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_MAX_SECONDS,
                check=False,
            )
        except OSError as error:
            raise FarmError(f"Blender {blender} can't be started: {os_error_reason(error)}") from error
        except subprocess.TimeoutExpired as error:
            raise FarmError(
                f"Blender did not read {project.name} within {_MAX_SECONDS // 60} minutes"
            ) from error
        if answer.is_file():
            return read_answer(answer)
    raise FarmError(_reason(blender, project, done.returncode, f"{done.stdout}\n{done.stderr}"))


def _reason(blender: Path, project: Path, exit_code: int, output: str) -> str:
    """Say why Blender wrote no facts."""
    faults = _OPERATOR_FAULT.findall(output)
    if exit_code == _PYTHON_FAULT_EXIT and faults:
        return str(faults[-1])
    if exit_code == _PYTHON_FAULT_EXIT:
        return f"{blender} has no Understudy, or an older one: install the extension in that Blender and enable it"
    said = _BLENDER_FAULT.findall(output)
    reason = said[-1] if said else f"Blender ended with {exit_code}"
    return f"{project} can't be opened with {blender}: {reason}"
