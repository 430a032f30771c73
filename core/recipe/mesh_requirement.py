# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the landmarker of a recipe suits its swapper."""

from ..errors import RecipeError
from .analysis import MESH_LANDMARKERS
from .settings import Recipe


def landmarker_fault(recipe: Recipe) -> str:
    """Return why the swapper can't use what the landmarker finds; empty where it can.

    After a colon it says what to do about it.
    """
    landmark = recipe.landmark
    if recipe.swap.is_neural or landmark.finds_mesh:
        return ""
    return (
        f"landmarker {landmark.landmarker} does not find the points that the mesh swapper draws on: "
        f"set landmark.landmarker to {' or '.join(MESH_LANDMARKERS)}, or choose a neural swapper"
    )


def require_mesh(recipe: Recipe) -> None:
    """Raise RecipeError where the swapper can't use what the landmarker finds."""
    fault = landmarker_fault(recipe)
    if fault:
        raise RecipeError(fault)
