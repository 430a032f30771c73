# SPDX-License-Identifier: GPL-3.0-or-later
"""A step that AWS Deadline Cloud's `blender-openjd` renders: one Blender a session, which gets one frame after another.

So models are loaded once a session, whatever the scheduler makes of chunks. Blender's command line is not ours there:
each session first looks whether its machine can replace the faces, and the environment asks for strict frames.
"""

from pathlib import Path
from typing import Any

from ...errors import FarmError
from ..plan import FarmPlan
from .options import JobOptions
from .task_words import output_pattern, require_one_line, task_words

_NAME = "blender-openjd"
_CONNECTION = "{{Session.WorkingDirectory}}/connection.json"
_CANCELATION = {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": 60}
# Its values stand in single quotes of YAML, as a template's values are put in as they are.
_INIT_DATA = """\
scene_file: '{{Param.Project}}'
render_engine: eevee
gpu_device: NONE
render_scene: '{{Param.Scene}}'
output_dir: '{{Param.OutputFolder}}'
output_file_name: '{{Param.OutputName}}'
strict_error_checking: {strict}
"""


def adaptor_step(plan: FarmPlan, options: JobOptions) -> dict[str, Any]:
    """Return the step. Raises FarmError where a name can't stand in the data for `blender-openjd`."""
    pattern = output_pattern(plan, options)
    for text in (str(plan.facts.project), plan.facts.scene, pattern):
        if "'" in require_one_line(text, _NAME):
            raise FarmError(f"{_NAME} can't have the quote in {text!r}: rename it")
    if "#" not in Path(pattern).name:
        raise FarmError(f"{_NAME} needs the frame's place in {pattern}: add ####")
    first, last, step = plan.chunks[0].first_frame, plan.chunks[-1].last_frame, plan.facts.frame_step
    frames = f"{first}-{last}" if step == 1 else f"{first}-{last}:{step}"
    # Otherwise it takes a frame that failed for a finished one.
    init_data = _INIT_DATA.replace("{strict}", "true" if plan.is_strict else "false")
    strict = {"UNDERSTUDY_STRICT": "1"} if plan.is_strict else {}
    return {
        "name": "Render",
        "stepEnvironments": [
            {
                "name": "Check",
                **({"variables": strict} if strict else {}),
                "script": {"actions": {"onEnter": _check(plan, options)}},
            },
            {
                "name": "Blender",
                "script": {
                    "embeddedFiles": [
                        {"name": "InitData", "filename": "init-data.yaml", "type": "TEXT", "data": init_data}
                    ],
                    "actions": {
                        "onEnter": _action(
                            "daemon",
                            "start",
                            "--connection-file",
                            _CONNECTION,
                            "--init-data",
                            "file://{{Env.File.InitData}}",
                            "--path-mapping-rules",
                            "file://{{Session.PathMappingRulesFile}}",
                        ),
                        "onExit": _action("daemon", "stop", "--connection-file", _CONNECTION),
                    },
                },
            },
        ],
        "parameterSpace": {"taskParameterDefinitions": [{"name": "Frame", "type": "INT", "range": frames}]},
        "script": {
            "embeddedFiles": [
                {
                    "name": "RunData",
                    "filename": "run-data.yaml",
                    "type": "TEXT",
                    "data": "frame: {{Task.Param.Frame}}\n",
                }
            ],
            "actions": {
                "onRun": _action(
                    "daemon",
                    "run",
                    "--connection-file",
                    _CONNECTION,
                    "--run-data",
                    "file://{{Task.File.RunData}}",
                )
            },
        },
    }


def _check(plan: FarmPlan, options: JobOptions) -> dict[str, Any]:
    first, last = plan.chunks[0].first_frame, plan.chunks[-1].last_frame
    words = task_words(
        plan,
        options,
        "openjd",
        ["--start", str(first), "--end", str(last)],
        project="{{Param.Project}}",
        scene="{{Param.Scene}}",
        blender="{{Param.Blender}}",
        output="{{Param.OutputFolder}}/{{Param.OutputName}}",
        reports="{{Param.ReportFolder}}",
    )
    words += ["--check", "--path-mapping", "{{Session.PathMappingRulesFile}}"]
    return {
        "command": options.launcher[0],
        "args": [*options.launcher[1:], *words],
        "cancelation": _CANCELATION,
    }


def _action(*words: str) -> dict[str, Any]:
    return {"command": _NAME, "args": list(words), "cancelation": _CANCELATION}
