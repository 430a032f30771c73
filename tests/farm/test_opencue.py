# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenCue's own PyOutline makes the job's XML of our outline, without a Cuebot."""

import shlex
from pathlib import Path
from xml.etree import ElementTree

from farm.blender_program import run
from farm_plans import make_plan, task_of
from understudy.core.farm.writers import JobOptions, write_job

_SERIALISE = Path(__file__).parent / "scripts" / "serialise_outline.py"


def test_the_outline_makes_a_job_of_two_layers_that_depend(engines, tmp_path):
    plan = make_plan("/x/it's $HOME & <b>/shot one.blend", "Scène")
    path = tmp_path / "outline.py"
    path.write_text(write_job(plan, "opencue", JobOptions())["understudy_outline.py"])
    done = run([engines / "python", _SERIALISE, path], {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stdout
    spec = ElementTree.fromstring(done.stdout[done.stdout.index("<spec>") :])
    layers = {layer.get("name"): layer for layer in spec.iter("layer")}
    assert layers.keys() == {"render", "prepare"}
    for name, layer in layers.items():
        assert (layer.findtext("range"), layer.findtext("chunk")) == ("1-10", "4")
        # What Cuebot does for the second chunk; a shell reads the line then.
        line = layer.findtext("cmd").replace("#FRAME_START#", "5").replace("#FRAME_END#", "8")
        task = task_of(shlex.split(line))
        assert (task.start, task.end, task.engine, task.prepare) == (5, 8, "opencue", name == "prepare")
        assert (str(task.project), task.scene) == (str(plan.facts.project), "Scène")
    environment = {key.get("name"): key.text for key in spec.find("job").find("env")}
    assert environment == plan.environment
    (depend,) = spec.iter("depend")
    assert (depend.findtext("deplayer"), depend.findtext("onlayer")) == ("render", "prepare")
