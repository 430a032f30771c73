# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report of a run says of its stages."""


def stage_runs(report):
    """Return how often each stage ran, of those that ran at all."""
    return {stage: counts["run"] for stage, counts in report["stages"].items() if counts["run"]}
