# SPDX-License-Identifier: GPL-3.0-or-later
"""Job arrays for Slurm: `submit.sh` submits them, one after the other where the cache is filled first."""

import shlex

from ..plan import FarmPlan
from .options import JobOptions
from .task_words import environment_of, job_name, report_folder, task_words

_MAX_ARRAY_SIZE = 1000
"""Tasks of an array: Slurm's own limit, `MaxArraySize`, is 1001 unless it is set up otherwise."""
_MAX_RETRIES = 3

_ARRAY_SCRIPT = """\
#!/bin/bash
#SBATCH --requeue
#SBATCH --open-mode=append
# One task for each chunk; the first word is how many chunks earlier arrays have.
set -u
first=({first})
last=({last})
task=$((SLURM_ARRAY_TASK_ID + ${{1:-0}}))
{exports}
{command} --start "${{first[task]}}" --end "${{last[task]}}" &
child=$!
trap 'kill -TERM "$child"' TERM INT
wait "$child"
code=$?
if [ "$code" -gt 128 ]; then  # a signal ended the waiting, not the task
    wait "$child"
    code=$?
fi
# 75: something did not answer. Another try may do better, on this machine or another.
if [ "$code" -eq 75 ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {retries} ]; then
    scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID" && exit 0
fi
exit "$code"
"""


def write(plan: FarmPlan, options: JobOptions) -> dict[str, str]:
    """See `write_job`."""
    files = {"render.sbatch": _array_script(plan, options, prepares=False)}
    if plan.prepares_first:
        files["prepare.sbatch"] = _array_script(plan, options, prepares=True)
    files["submit.sh"] = _submit_script(plan, options)
    return files


def _array_script(plan: FarmPlan, options: JobOptions, *, prepares: bool) -> str:
    command = shlex.join([*options.launcher, *task_words(plan, options, "slurm", [], prepares=prepares)])
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment_of(plan).items())
    return _ARRAY_SCRIPT.format(
        first=" ".join(str(chunk.first_frame) for chunk in plan.chunks),
        last=" ".join(str(chunk.last_frame) for chunk in plan.chunks),
        exports=exports,
        command=command,
        retries=_MAX_RETRIES,
    )


def _submit_script(plan: FarmPlan, options: JobOptions) -> str:
    folder = str(report_folder(plan, options))
    reports, logs = shlex.quote(folder), shlex.quote(folder.replace("%", "%%"))
    lines = [
        "#!/bin/sh",
        "# Submits the job; words for sbatch may follow, such as --partition=NAME.",
        "set -eu",
        'here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)',
        f"reports={reports}",
        f"logs={logs}  # Slurm fills in what follows a %",
        'mkdir -p -- "$reports"',
        "submit() {",
        "    script=$1 name=$2 array=$3 offset=$4 after=$5; shift 5",
        '    sbatch --parsable --job-name="$name" --array="$array" --output="$logs/slurm-%A_%a.log" \\',
        '        ${after:+--dependency="afterok$after" --kill-on-invalid-dep=yes} "$@" "$here/$script" "$offset"',
        "}",
    ]
    name = job_name(plan, options)
    if plan.prepares_first:
        lines.append("prepared=")
        for array, offset in _arrays(plan, options):
            words = f"prepare.sbatch {shlex.quote(f'{name} prepare')} {array} {offset} '' \"$@\""
            lines += [f"id=$(submit {words})", 'prepared="$prepared:${id%%;*}"']
    for array, offset in _arrays(plan, options):
        after = '"$prepared"' if plan.prepares_first else "''"
        words = f'render.sbatch {shlex.quote(name)} {array} {offset} {after} "$@"'
        lines += [f"id=$(submit {words})", 'echo "${id%%;*}"']
    return "\n".join(lines) + "\n"


def _arrays(plan: FarmPlan, options: JobOptions) -> list[tuple[str, int]]:
    """Return the arrays that the chunks make, as `0-9%2`, and how many chunks lie before each."""
    limit = f"%{options.max_parallel_tasks}" if options.max_parallel_tasks else ""
    starts = range(0, len(plan.chunks), _MAX_ARRAY_SIZE)
    return [(f"0-{min(_MAX_ARRAY_SIZE, len(plan.chunks) - start) - 1}{limit}", start) for start in starts]
