# SPDX-License-Identifier: GPL-3.0-or-later
"""A job bundle for Open Job Description, which AWS Deadline Cloud and other runners take.

What a project names goes into parameters and their values, never into the template, where `{{` has a meaning.
"""

from pathlib import Path
from typing import Any

from ...errors import FarmError
from ..plan import FarmPlan
from .openjd_adaptor import adaptor_step
from .options import JobOptions
from .task_words import (
    chunk_length,
    environment_of,
    has_even_chunks,
    job_name,
    output_pattern,
    report_folder,
    task_words,
)
from .yaml_text import to_yaml

_NOTIFY_SECONDS = 60
"""How long a task has to end Blender: more than `GRACE_SECONDS` of `task_process`."""
_MAX_LISTED_CHUNKS = 1024
"""Open Job Description's own limit of the values of a task's parameter."""


def write(plan: FarmPlan, options: JobOptions) -> dict[str, str]:
    """See `write_job`."""
    if any("{{" in word for word in options.launcher):
        raise FarmError("Open Job Description can't have {{ in the launcher: choose another")
    values = _parameter_values(plan, options)
    return {
        "template.yaml": to_yaml(_template(plan, options)),
        "parameter_values.yaml": to_yaml({"parameterValues": values}),
        "asset_references.yaml": to_yaml({"assetReferences": _asset_references(plan, options)}),
    }


def _template(plan: FarmPlan, options: JobOptions) -> dict[str, Any]:
    if options.uses_blender_adaptor:
        return _adaptor_template(plan, options)
    is_chunked = options.uses_task_chunking and has_even_chunks(plan)
    if not is_chunked and len(plan.chunks) > _MAX_LISTED_CHUNKS:
        raise FarmError(
            f"{len(plan.chunks)} chunks are more than Open Job Description lists: choose larger chunks"
        )
    render = _step(plan, options, is_chunked=is_chunked, prepares=False)
    steps = [render]
    if plan.prepares_first:
        render["dependencies"] = [{"dependsOn": "Prepare"}]
        steps.insert(0, _step(plan, options, is_chunked=is_chunked, prepares=True))
    return _template_of(plan, options, steps, ["TASK_CHUNKING"] if is_chunked else [])


def _adaptor_template(plan: FarmPlan, options: JobOptions) -> dict[str, Any]:
    steps = []
    render = adaptor_step(plan, options)
    if plan.prepares_first:
        steps = [_step(plan, options, is_chunked=False, prepares=True)]
        render["dependencies"] = [{"dependsOn": "Prepare"}]
    return _template_of(plan, options, [*steps, render], [])


def _template_of(
    plan: FarmPlan, options: JobOptions, steps: list[dict[str, Any]], extensions: list[str]
) -> dict[str, Any]:
    return {
        "specificationVersion": "jobtemplate-2023-09",
        **({"extensions": extensions} if extensions else {}),
        "name": "{{Param.JobName}}",
        "parameterDefinitions": _parameter_definitions(plan, options),
        "jobEnvironments": [
            {
                "name": "Understudy",
                "variables": {name: f"{{{{Param.{name}}}}}" for name in environment_of(plan)},
            }
        ],
        "steps": steps,
    }


def _step(plan: FarmPlan, options: JobOptions, *, is_chunked: bool, prepares: bool) -> dict[str, Any]:
    frames = (
        ["--frames", "{{Task.Param.Frames}}"]
        if is_chunked
        else ["--start", "{{Task.Param.First}}", "--end", "{{Task.Param.Last}}"]
    )
    words = task_words(
        plan,
        options,
        "openjd",
        frames,
        prepares=prepares,
        project="{{Param.Project}}",
        scene="{{Param.Scene}}",
        blender="{{Param.Blender}}",
        output="{{Param.OutputFolder}}/{{Param.OutputName}}",
        reports="{{Param.ReportFolder}}",
    )
    words += ["--path-mapping", "{{Session.PathMappingRulesFile}}"]
    return {
        "name": "Prepare" if prepares else "Render",
        "parameterSpace": _parameter_space(plan, is_chunked=is_chunked),
        "script": {
            "actions": {
                "onRun": {
                    "command": options.launcher[0],
                    "args": [*options.launcher[1:], *words],
                    "cancelation": {
                        "mode": "NOTIFY_THEN_TERMINATE",
                        "notifyPeriodInSeconds": _NOTIFY_SECONDS,
                    },
                }
            }
        },
    }


def _parameter_space(plan: FarmPlan, *, is_chunked: bool) -> dict[str, Any]:
    first, last = plan.chunks[0].first_frame, plan.chunks[-1].last_frame
    if is_chunked:
        chunks = {"defaultTaskCount": chunk_length(plan), "rangeConstraint": "CONTIGUOUS"}
        frames = {"name": "Frames", "type": "CHUNK[INT]", "range": f"{first}-{last}", "chunks": chunks}
        return {"taskParameterDefinitions": [frames]}
    return {
        "taskParameterDefinitions": [
            {"name": "First", "type": "INT", "range": [chunk.first_frame for chunk in plan.chunks]},
            {"name": "Last", "type": "INT", "range": [chunk.last_frame for chunk in plan.chunks]},
        ],
        "combination": "(First, Last)",
    }


def _parameter_definitions(plan: FarmPlan, options: JobOptions) -> list[dict[str, Any]]:
    paths = [
        {"name": "Project", "type": "PATH", "objectType": "FILE", "dataFlow": "IN"},
        {"name": "OutputFolder", "type": "PATH", "objectType": "DIRECTORY", "dataFlow": "OUT"},
        {"name": "ReportFolder", "type": "PATH", "objectType": "DIRECTORY", "dataFlow": "OUT"},
    ]
    texts = _text_values(plan, options)
    return [*paths, *({"name": name, "type": "STRING", "default": text} for name, text in texts.items())]


def _text_values(plan: FarmPlan, options: JobOptions) -> dict[str, str]:
    values = {"JobName": job_name(plan, options), "OutputName": Path(output_pattern(plan, options)).name}
    if plan.facts.scene:
        values["Scene"] = plan.facts.scene
    if options.blender:
        values["Blender"] = options.blender
    return {**values, **environment_of(plan)}


def _parameter_values(plan: FarmPlan, options: JobOptions) -> list[dict[str, str]]:
    paths = {
        "Project": str(plan.facts.project),
        "OutputFolder": str(Path(output_pattern(plan, options)).parent),
        "ReportFolder": str(report_folder(plan, options)),
    }
    values = {**paths, **_text_values(plan, options)}
    return [{"name": name, "value": value} for name, value in values.items()]


def _asset_references(plan: FarmPlan, options: JobOptions) -> dict[str, Any]:
    """Return what AWS Deadline Cloud uploads. The cache is not among it: it is on a share, or each worker's own."""
    there = [asset for asset in plan.facts.assets if asset.byte_count is not None]
    files = dict.fromkeys(
        str(asset.path) for asset in there if asset.kind in ("project", "clip", "image", "media")
    )
    folders = dict.fromkeys(str(asset.path) for asset in there if asset.kind == "layers")
    outputs = dict.fromkeys(
        (str(Path(output_pattern(plan, options)).parent), str(report_folder(plan, options)))
    )
    return {
        "inputs": {"filenames": [*files], "directories": [*folders]},
        "outputs": {"directories": [*outputs]},
        "referencedPaths": [],
    }
