# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by the Python of the engines' programs: compiles a job with a Flamenco job type, as its manager does.

Words: the job type, the job. Prints JSON: the job type's declaration, and the tasks with their commands.
"""

import json
import sys
from pathlib import Path

import quickjs

# What the manager has for job types: https://flamenco.blender.org/usage/job-types/, "Job compilers".
_MANAGER = """
var tasks = [];
function print() {}
var author = {
    Task: function (name, type) {
        var task = { name: name, type: type, commands: [], dependencies: [] };
        task.addCommand = function (command) { task.commands.push(command); };
        task.addDependency = function (other) { task.dependencies.push(other.name); };
        return task;
    },
    Command: function (name, parameters, totalStepCount) {
        return { name: name, parameters: parameters, totalStepCount: totalStepCount };
    },
};
"""
_COMPILE = """
var job = JSON.parse(given);
job.addTask = function (task) { tasks.push(task); };
compileJob(job);
JSON.stringify({ jobType: JOB_TYPE, tasks: tasks });
"""

context = quickjs.Context()
context.eval(_MANAGER)
context.eval(Path(sys.argv[1]).read_text(encoding="utf-8"))
context.set("given", Path(sys.argv[2]).read_text(encoding="utf-8"))
print(json.dumps(json.loads(context.eval(_COMPILE))))
