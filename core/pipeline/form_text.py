# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms of target persons as a text, so that a project keeps them: every bit of them, as keys are made from it."""

import base64
import binascii

import numpy as np

from ..cache.base.store import Arrays
from ..errors import RecipeError
from ..geometry.face_form import FORM_LIMIT

MAX_KEPT_PEOPLE = 16
_MARK = "form1:"
_MAX_DIMENSIONS = 4096
_POINTS = 468
_FAULT = "what is kept of the target's form is damaged: use Learn Again in Shape"


def forms_to_text(people: Arrays, origin: str = "") -> str:
    """Return forms as a text of letters.

    Parameters
    ----------
    people : dict of str to ndarray
        Forms, spreads and vectors, see `SHAPE_SCHEMA`: the first 16 people are kept, who are seen most often.
    origin : str
        Letters and digits that say what they were learned from, see `recipe.request.forms_origin`.

    Returns
    -------
    str
        Empty where there is nobody.
    """
    count = min(len(people["forms"]), MAX_KEPT_PEOPLE)
    if not count:
        return ""
    parts = [
        np.asarray(people[name][:count], "<f4").reshape(count, -1) for name in ("forms", "spreads", "vectors")
    ]
    head = np.array([count, parts[2].shape[1]], "<u4").tobytes()
    return f"{_MARK}{origin}:" + base64.b64encode(head + b"".join(part.tobytes() for part in parts)).decode()


def forms_from_text(text: str) -> Arrays:
    """Return what `forms_to_text` was given.

    Parameters
    ----------
    text : str
        What that returned.

    Returns
    -------
    dict of str to ndarray
        See `SHAPE_SCHEMA`.

    Raises
    ------
    RecipeError
        It did not make this text.
    """
    try:
        raw = base64.b64decode(text.rpartition(":")[2], validate=True)
        count, dimensions = np.frombuffer(raw[:8], "<u4").tolist()
        values = np.frombuffer(raw[8:], "<f4").astype(np.float32)
    except (ValueError, binascii.Error) as error:
        raise RecipeError(_FAULT) from error
    size = count * (_POINTS * 4 + dimensions)
    is_whole = text.startswith(_MARK) and 0 < count <= MAX_KEPT_PEOPLE and 0 < dimensions <= _MAX_DIMENSIONS
    if not is_whole or len(values) != size or not (np.abs(values) <= FORM_LIMIT).all():
        raise RecipeError(_FAULT)
    forms, spreads, vectors = np.split(values, np.cumsum([count * _POINTS * 3, count * _POINTS]))
    return {
        "forms": forms.reshape(count, _POINTS, 3),
        "spreads": np.abs(spreads).reshape(count, _POINTS),
        "vectors": vectors.reshape(count, dimensions),
    }
