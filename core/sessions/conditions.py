# SPDX-License-Identifier: GPL-3.0-or-later
"""The conditions that a user sets for all runs: without them a run is as it was asked for."""

from collections.abc import Sequence

from ..errors import RefusalError
from ..recipe.request import SwapRequest
from .licences import licence_fault
from .settings import RunSettings


def condition_fault(requests: Sequence[SwapRequest], settings: RunSettings) -> str:
    """Say which condition of the settings requests are against, and what to do; empty where they are against none.

    Parameters
    ----------
    requests : sequence of SwapRequest
        What is asked for.
    settings : RunSettings
        The conditions, and the folder of models.

    Returns
    -------
    str
        One line.
    """
    if settings.require_commercial:
        return licence_fault((request.recipe for request in requests), settings.library)
    return ""


def require_conditions(requests: Sequence[SwapRequest], settings: RunSettings) -> None:
    """Raise RefusalError where requests are against a condition of the settings; see `condition_fault`."""
    fault = condition_fault(requests, settings)
    if fault:
        raise RefusalError(f"not rendered: {fault}")
