// SPDX-License-Identifier: GPL-3.0-or-later
// What a manager has for job types: https://flamenco.blender.org/usage/job-types/, "Job compilers".
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

// Compile a job, given as JSON, with the job type that was evaluated after this; returns JSON.
function compileText(text) {
    var job = JSON.parse(text);
    job.addTask = function (task) { tasks.push(task); };
    compileJob(job);
    return JSON.stringify({ jobType: JOB_TYPE, tasks: tasks });
}
