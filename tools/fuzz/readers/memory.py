# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that say what the hashes of models are, spoilt: the user's own, and one that a model folder brings along."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

from understudy.core.models.hashes import FILE_NAME
from understudy.core.models.library import ModelLibrary

from ..guard import WrongError
from ..sample import Sample
from .models import small_model

OWN = f"own/understudy/{FILE_NAME}"
LEGACY_RECORD = "models/.understudy-models.json"
"""Where earlier versions remembered: nobody is to believe it."""
MODEL = "net.onnx"
SECONDS = 1_700_000_000


def _model_in(folder: Path) -> str:
    """Put a model into a folder and return its hash."""
    data = small_model()
    folder.mkdir(exist_ok=True)
    path = folder / MODEL
    path.write_bytes(data)
    os.utime(path, (SECONDS, SECONDS))
    return hashlib.sha256(data).hexdigest()


class Memory:
    """See the module."""

    name = "memory"

    def samples(self) -> list[Sample]:
        """Return what is remembered of a folder with one model, and what a forger would say of it."""
        with tempfile.TemporaryDirectory() as made:
            place = Path(made)
            os.environ["XDG_CACHE_HOME"] = str(place / "own")
            _model_in(place / "models")
            ModelLibrary([place / "models"]).local_models()
            own = (place / OWN).read_bytes().replace(os.fsencode(place), b"/somewhere")
        forged = next(model.sha256 for model in ModelLibrary([]).catalogue.models if model.sha256)
        entry = {MODEL: [len(small_model()), SECONDS * 10**9, forged]}
        return [Sample({OWN: own}), Sample({OWN: own, LEGACY_RECORD: json.dumps(entry).encode()})]

    def mend(self, sample: Sample) -> Sample:
        """Return it as it is."""
        return sample

    def read(self, place: Path) -> None:
        """Look for the model: it is what its content says."""
        os.environ["XDG_CACHE_HOME"] = str(place / "own")
        content = _model_in(place / "models")
        local_models = ModelLibrary([place / "models"]).local_models()
        if any(one.file.path.name == MODEL and one.file.sha256 != content for one in local_models):
            raise WrongError("a model goes by another's hash")


READER = Memory()
