# SPDX-License-Identifier: GPL-3.0-or-later
"""What kind of swapper a recipe has, and whether its landmarker suits it."""

from ..analysis.model_adapters import MESH_LANDMARKERS
from ..errors import RecipeError
from ..recipe import Recipe


def is_neural(recipe: Recipe) -> bool:
    """Tell whether a recipe has a neural swapper."""
    return recipe.swap.swapper != "mesh"


def require_mesh(recipe: Recipe) -> None:
    """Raise RecipeError where the swapper needs a mesh and the landmarker finds none."""
    name = recipe.landmark.landmarker
    if not is_neural(recipe) and name not in MESH_LANDMARKERS:
        raise RecipeError(
            f"swap.swapper=mesh draws on FaceMesh's points, which landmark.landmarker={name} does not find: "
            f"set it to {' or '.join(MESH_LANDMARKERS)}, or choose a neural swapper"
        )
