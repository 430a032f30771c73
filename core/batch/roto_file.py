# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that `--roto` names: masks drawn by hand, for everybody who is replaced."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import BatchError, RecipeError, os_error_reason
from ..filesystem import read_input
from ..recipe.clip_swap import ClipSwap
from ..recipe.roto import MAX_ROTO_LETTERS
from ..recipe.roto_text import parse_roto


def read_roto(path: Path) -> str:
    """Return the text of a file of masks, such as `{"masks": [{"layers": [...]}]}`, see `docs/repair.md`.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    str
        The text, for `SwapRequest.roto`.

    Raises
    ------
    BatchError
        It can't be read, or is not what it should be; the message names the mask, the part and the fix.
    """
    try:
        text = read_input(path, MAX_ROTO_LETTERS).decode("utf-8-sig").strip()
    except OSError as error:
        raise BatchError(f"can't read {path}: {os_error_reason(error).lower()}; check the path") from error
    except UnicodeDecodeError as error:
        raise BatchError(f"{path} is not UTF-8; save it as UTF-8") from error
    try:
        masks = parse_roto(text)
    except RecipeError as error:
        raise BatchError(f"{path.name}: {error}") from error
    if not masks:
        raise BatchError(f"{path.name} is empty: give a file of masks")
    return text


def mask_swaps(swaps: Sequence[ClipSwap], roto: str) -> tuple[ClipSwap, ...]:
    """Return swaps with masks, whoever is replaced there."""
    return tuple(swap.with_requests(lambda request: replace(request, roto=roto)) for swap in swaps)
