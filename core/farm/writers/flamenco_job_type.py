# SPDX-License-Identifier: GPL-3.0-or-later
"""The job type that Flamenco's manager runs: JavaScript as its interpreter understands it (ES6)."""

JOB_TYPE = r"""// SPDX-License-Identifier: GPL-3.0-or-later
// Renders a project whose faces Understudy replaces; put it into the folder `scripts` beside Flamenco's manager.
// `understudy farm write --engine flamenco` writes a job of it; every task calls `understudy farm run-task`, which
// fails on a machine without Understudy in place of rendering the original faces.
const JOB_TYPE = {
    label: "Understudy Render",
    description: "Render a video edit with Understudy, and fail where a face can't be replaced",
    settings: [
        { key: "frames", type: "string", required: true,
          eval: "f'{C.scene.frame_start}-{C.scene.frame_end}'",
          evalInfo: { showLinkButton: true, description: "Scene frame range" },
          description: "One range of frames, such as 1-250" },
        { key: "chunk_size", type: "int32", default: 100, propargs: { min: 1 },
          description: "Frames of a task; 50 to 250 cost little more than one large task" },
        { key: "prepare_first", type: "bool", required: false, default: false,
          description: "Fill the cache in tasks of their own before the first frame is rendered" },
        { key: "blendfile", type: "string", subtype: "file_path", required: true, visible: "web",
          description: "The project" },
        { key: "render_output_path", type: "string", subtype: "file_path", required: false, editable: false,
          visible: "web", default: "", description: "Where the images go" },
        { key: "frame_step", type: "int32", required: false, default: 1, visible: "hidden", propargs: { min: 1 } },
        { key: "exe", type: "string", required: false, default: "{blender}", visible: "hidden",
          description: "The program that has Understudy" },
        { key: "words_before", type: "string", required: false, visible: "hidden",
          default: "[\"--command\", \"understudy\", \"farm\", \"run-task\"]",
          description: "The words before the project, as JSON" },
        { key: "words_after", type: "string", required: false, visible: "hidden",
          default: "[\"--engine\", \"flamenco\"]", description: "The words after the project, as JSON" },
        { key: "prepare_words_after", type: "string", required: false, visible: "hidden",
          default: "[\"--engine\", \"flamenco\", \"--prepare\"]",
          description: "The same for tasks that fill the cache" },
    ],
};

function compileJob(job) {
    const settings = job.settings;
    const range = parseRange(settings.frames);
    const renders = [];
    const prepares = [];
    for (let first = range.first; first <= range.last; first += settings.chunk_size) {
        const last = Math.min(first + settings.chunk_size - 1, range.last);
        if (settings.prepare_first) {
            prepares.push(makeTask(settings, first, last, true));
        }
        renders.push(makeTask(settings, first, last, false));
    }
    for (const prepare of prepares) {
        for (const render of renders) {
            render.addDependency(prepare);
        }
        job.addTask(prepare);
    }
    for (const render of renders) {
        job.addTask(render);
    }
}

function makeTask(settings, first, last, prepares) {
    const name = (prepares ? "prepare-" : "render-") + first + "-" + last;
    const task = author.Task(name, "blender");
    const after = JSON.parse(prepares ? settings.prepare_words_after : settings.words_after);
    const frames = ["--start", String(first), "--end", String(last)];
    const steps = prepares ? 1 : Math.floor((last - first) / (settings.frame_step || 1)) + 1;
    // The worker counts the images that Blender says it saved, which run-task passes on.
    task.addCommand(author.Command("blender-render", {
        exe: settings.exe,
        exeArgs: "",
        argsBefore: JSON.parse(settings.words_before),
        blendfile: settings.blendfile,
        args: frames.concat(after),
    }, steps));
    return task;
}

function parseRange(text) {
    const parts = /^\s*(-?\d+)\s*(?:-\s*(-?\d+)\s*)?$/.exec(text);
    if (parts === null) {
        throw new Error("Understudy renders one range of frames, such as 1-250, not " + JSON.stringify(text));
    }
    const first = parseInt(parts[1], 10);
    const last = parts[2] === undefined ? first : parseInt(parts[2], 10);
    if (last < first) {
        throw new Error("The last frame comes before the first: " + JSON.stringify(text));
    }
    return { first: first, last: last };
}
"""
