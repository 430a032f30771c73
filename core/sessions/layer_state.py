# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a layer image is what its job asks for, by its label and its plan. Nothing here counts or writes."""

from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from ..layers.label import Label, RequestSummary

if TYPE_CHECKING:
    from ..pipeline.plan import LayerPlan


class LayerState(Enum):
    """How a layer image stands to its job."""

    CURRENT = auto()
    """It is right, and its label is as it may be."""
    RELABEL = auto()
    """Its pixels are right, but its label does not say that they are what is asked for now."""
    STALE = auto()
    """It is missing, damaged or for another key: it has to be made."""


class FaceCounts(Protocol):
    """How many faces a layer replaces, and how many of them have an occlusion mask and an enhanced crop."""

    @property
    def face_count(self) -> int:
        """Faces that are replaced."""

    @property
    def masked_count(self) -> int:
        """Those with an occlusion mask."""

    @property
    def enhanced_count(self) -> int:
        """Those with an enhanced crop."""


def matching_summary(label: Label | None, digest: str | None) -> RequestSummary | None:
    """Return what an image's label says of its request where that is the request `digest`: then it is current.

    Parameters
    ----------
    label : Label or None
        What the image says of itself; None where it is missing or damaged.
    digest : str or None
        The hex digest of what is asked for; None where it has none.

    Returns
    -------
    RequestSummary or None
        None where only a plan can tell.
    """
    summary = None if label is None else label.summary
    return summary if summary is not None and summary.digest == digest else None


def layer_state(label: Label | None, digest: str | None, plan: "LayerPlan") -> LayerState:
    """Return how an image stands to the plan of its job, its label having no `matching_summary`."""
    if label is None or label.key != plan.key.hex:
        return LayerState.STALE
    return LayerState.CURRENT if request_summary(digest, plan) is None else LayerState.RELABEL


def request_summary(digest: str | None, plan: "LayerPlan") -> RequestSummary | None:
    """Return what the label of an image made by `plan` says of its request; None where it may say nothing."""
    if digest is None or not plan.may_label:
        return None
    return RequestSummary(digest, plan.face_count, plan.masked_count, plan.enhanced_count)
