# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender looks at before a task's first frame, and how it says what it found.

The expression is given to Blender with `--python-expr`, which runs where a project's own scripts are off, and where
Understudy is not installed: there Blender ends with `UNFIT_MACHINE`, in place of rendering the original.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import FarmError, MessageError
from ..filesystem import read_input
from ..recipe import messages
from .exit_codes import UNFIT_MACHINE
from .path_mapping import PathMapping, PathRule

NO_EXTENSION_TEXT = (
    "Understudy is not installed or not enabled in this Blender: it would render the original faces"
)
_MAX_ANSWER_BYTES = 1 << 20
_EXPRESSION = """\
import bpy, importlib, sys
if bpy.types.Scene.bl_rna.properties.get("understudy") is None:
    print({missing!r}, flush=True)
    sys.exit({unfit})
package = type(bpy.context.scene.understudy).__module__.partition(".addon.")[0]
try:
    check = importlib.import_module(package + ".addon.farm.task_check")
except ImportError:
    print("Understudy: Error: the Understudy in this Blender is older than farm tasks: install the newest", flush=True)
    sys.exit({unfit})
sys.exit({unfit}) if not check.check_task({question!r}) else None
"""


@dataclass(frozen=True)
class CheckQuestion:
    """What Blender is asked before a task's first frame."""

    answer_path: str
    """The file for the answer."""
    extension_version: str
    """The version that is expected; empty for any."""
    rules: tuple[PathRule, ...] = ()
    """How absolute paths in the project change on this machine."""
    prepares: bool = False
    """Whether the task renders nothing."""
    scene: str = ""
    """The name of the scene that the task is for; empty for any. Blender renders another where there is none."""

    def to_text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))

    @property
    def path_mapping(self) -> PathMapping:
        """The rules."""
        return PathMapping(self.rules)


@dataclass(frozen=True)
class CheckAnswer:
    """What Blender found."""

    faults: tuple[str, ...]
    """Why this machine can't do the task, each with the fix."""
    frame_step: int
    writes_movie: bool
    """Whether the output is one movie, of whose frames Blender says nothing."""

    def to_text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))


def check_expression(question: CheckQuestion) -> str:
    """Return the Python that Blender runs."""
    return _EXPRESSION.format(
        missing=f"Understudy: Error: {NO_EXTENSION_TEXT}", unfit=UNFIT_MACHINE, question=question.to_text()
    )


def parse_question(text: str) -> CheckQuestion:
    """Return the question in a text of `CheckQuestion.to_text`. Raises MessageError."""
    return CheckQuestion(**messages.arguments(CheckQuestion, _object(text), rules=_rules))


def read_answer(path: Path) -> CheckAnswer | None:
    """Return what Blender found; None where it ended before it had looked. Raises FarmError."""
    try:
        text = read_input(path, _MAX_ANSWER_BYTES).decode()
        return CheckAnswer(
            **messages.arguments(
                CheckAnswer, _object(text), faults=lambda entries: messages.listing(entries, messages.text)
            )
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, MessageError) as error:
        raise FarmError(f"what Blender says of this machine can't be read ({error}): try again") from error


def _rules(values: object) -> tuple[PathRule, ...]:
    return tuple(messages.listing(values, lambda entry: PathRule(**messages.arguments(PathRule, entry))))


def _object(text: str) -> Mapping[str, object]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MessageError("the message is not JSON") from error
    if not isinstance(values, dict):
        raise MessageError("the message is not an object")
    return values
