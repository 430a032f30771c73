# SPDX-License-Identifier: GPL-3.0-or-later
"""A bundle for Open Job Description and the program that runs it."""

import json
import subprocess

from farm.blender_program import run


class Job:
    """A bundle that `farm write` wrote, and the program that runs it."""

    def __init__(self, farm, engines, project, *words):
        self._farm, self._openjd = farm, engines / "openjd"
        self.project = project
        self.folder = project.parent / "job"
        self.images, self.reports = project.parent / "out", project.parent / "out" / "understudy_reports"
        command = [farm.understudy, "farm", "write", project, "--engine", "openjd", "--output", self.folder,
                   "--chunk", "3", "--images", f"{self.images}/shot_####", "--launcher", farm.understudy,
                   *words]  # fmt: skip
        done = run(command, farm.environment())
        assert done.returncode == 0, done.stdout
        loads = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))"
        values = subprocess.run(
            [engines / "python", "-c", loads],
            stdin=(self.folder / "parameter_values.yaml").open(),
            capture_output=True,
            check=True,
        )
        entries = json.loads(values.stdout)["parameterValues"]
        self.parameters = [f"{entry['name']}={entry['value']}" for entry in entries]

    def do(self, action, *words, parameters=True, **environment):
        """Have openjd do something with the template."""
        given_values = [word for value in self.parameters for word in ("-p", value)] if parameters else []
        command = [self._openjd, action, self.folder / "template.yaml", *given_values, *words]
        return run(command, self._farm.environment(**environment))

    def render(self, frames, *words, **environment):
        """Run the task of a chunk."""
        return self.do("run", "--step", "Render", "--task-param", f"Frames={frames}", *words, **environment)
