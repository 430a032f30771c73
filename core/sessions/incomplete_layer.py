# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a layer image can be made where one of several modifiers fails: the other people must not be shown for it.

Such an image counts as failed all the same, and its label says that it is incomplete.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import OutputError, UnderstudyError
from ..layers.job import LayerJob
from ..layers.label import INCOMPLETE_DIGEST, Label, RequestSummary

if TYPE_CHECKING:
    from ..pipeline.plan import LayerPlan


@dataclass(frozen=True, eq=False)
class IncompletePlan:
    """What can be made of an image that failed."""

    reason: str
    """Why it failed, with the names of the modifiers at fault where there are others."""
    plan: "LayerPlan | None" = None
    """Of the modifiers that do not fail; None where all do."""

    @property
    def label(self) -> Label | None:
        """What the image says of itself; None where nothing of it can be made."""
        if self.plan is None:
            return None
        counts = self.plan.face_count, self.plan.masked_count, self.plan.enhanced_count
        return Label(self.plan.key.hex, RequestSummary(INCOMPLETE_DIGEST, *counts))


def incomplete_plan(
    job: LayerJob, error: UnderstudyError, make_plan: Callable[[LayerJob], "LayerPlan"]
) -> IncompletePlan:
    """Return what can be made of a job that failed with an error; `make_plan` raises UnderstudyError as it did."""
    if len(job.requests) < 2 or isinstance(error, OutputError):
        return IncompletePlan(str(error))
    reasons, possible = [], []
    for request in job.requests:
        try:
            make_plan(replace(job, requests=(request,)))
        except UnderstudyError as fault:
            reasons.append((request.modifier, str(fault)))
        else:
            possible.append(request)
    if not reasons or (len({text for _, text in reasons}) == 1 and not possible):
        return IncompletePlan(str(error))  # not a modifier's fault
    reason = "; ".join(f"{modifier}: {text}" if modifier else text for modifier, text in reasons)
    if not possible:
        return IncompletePlan(reason)
    try:
        return IncompletePlan(reason, make_plan(replace(job, requests=tuple(possible))))
    except UnderstudyError as fault:
        return IncompletePlan(str(fault))
