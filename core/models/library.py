# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's model folders: which file is which, told by content, never by name.

A file whose SHA-256 the catalogue lists is what the catalogue says. Any other file is what the user said it is, in
a small `<file>.toml` beside it (`understudy models add FILE --family NAME` writes it), if its inputs and outputs
are those of that family.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError
from ..reporting.quoting import quote
from ..units import OFF
from .catalog import Catalogue, Family, ModelCard, load_catalogue, mismatch
from .embedded import SAFEGUARD_FAMILY, embedded_files, safeguard_file
from .hashes import HashCache
from .model_file import ModelFile
from .model_folder import model_files, world_writable_path
from .onnx_file import require_size
from .onnx_skeleton import onnx_info_of
from .statement import read_statement

MODELS_VARIABLE = "UNDERSTUDY_MODELS"


@dataclass(frozen=True)
class LocalModel:
    """A model file in one of the folders."""

    file: ModelFile
    size: int
    role: str
    """Empty if nobody said what it is, or it is not what it was said to be."""
    family: str
    card: ModelCard | None
    """The catalogue's entry of the same content."""
    problem: str
    """Why it can't be used; empty if it can."""
    user_card: ModelCard | None = None
    """What the user wrote beside an unknown file: its licence and vendor."""


def user_model_folder() -> Path:
    """Return where a user's models lie by default: UNDERSTUDY_MODELS, or the system's place for such files.

    That place too where the variable says `off`, which takes back what the preferences say.
    """
    chosen = os.environ.get(MODELS_VARIABLE, "").strip()
    if chosen and chosen != OFF:
        return Path(chosen)
    try:
        home = Path.home()
    except RuntimeError:  # a container's user without an entry, and no HOME
        home = Path("/var/lib")
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home)
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "understudy" / "models"


class ModelLibrary:
    """Finds models in folders, the embedded ones included. Nothing is read before a model is asked for."""

    def __init__(self, folders: Sequence[Path] | None = None, catalogue: Catalogue | None = None) -> None:
        """`folders` are searched in order, three levels deep; default: `user_model_folder()`."""
        self._folders = tuple(folders) if folders is not None else (user_model_folder(),)
        self._catalogue = load_catalogue() if catalogue is None else catalogue
        self._local_models: tuple[LocalModel, ...] | None = None
        self._warnings: dict[str, None] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be said of the folders that were looked into."""
        return tuple(self._warnings)

    @property
    def catalogue(self) -> Catalogue:
        """What is known of families and published files."""
        return self._catalogue

    def rescan(self) -> None:
        """Look into the folders again at the next question."""
        self._local_models = None

    def local_models(self) -> tuple[LocalModel, ...]:
        """Return every model file: the embedded ones, then folder by folder in the order of their names."""
        if self._local_models is None:
            self._local_models = (
                *self._embedded_models(),
                *(one for folder in self._folders for one in self._models_in(folder)),
            )
        return self._local_models

    def model(self, role: str, family: str, file: str = "") -> ModelFile:
        """Return the first usable file of a family; with `file`, the one of that name in the catalogue or folder.

        Raises ModelError that says what was expected and what was found instead.
        """
        return self.models(role, family, file)[0]

    def models(self, role: str, family: str, file: str = "") -> tuple[ModelFile, ...]:
        """Return every usable file of a family, in the order found, each content once; see `model`."""
        wanted = self._catalogue.family(role, family)
        of_family = [one for one in self.local_models() if (one.role, one.family) == (role, family)]
        named = [one for one in of_family if not file or file in _names(one)]
        usable = {one.file.sha256: one.file for one in reversed(named) if not one.problem}
        if usable:
            return tuple(reversed(usable.values()))
        for one in named:
            raise ModelError(f"{quote(one.file.path)} can't be used as {wanted.path}: {one.problem}")
        raise ModelError(self._missing_model_text(wanted, file))

    def has(self, role: str, family: str) -> bool:
        """Tell whether a usable file of a family is there."""
        return any(
            (one.role, one.family) == (role, family) and not one.problem for one in self.local_models()
        )

    def _missing_model_text(self, wanted: Family, file: str) -> str:
        published = [
            one for one in self._catalogue.models if (one.role, one.family) == (wanted.role, wanted.name)
        ]
        pages = " or ".join(dict.fromkeys(f"{one.file} from {one.page}" for one in published))
        unclaimed = [quote(one.file.path.name) for one in self.local_models() if not one.role]
        where = " or ".join(map(_folder_text, self._folders)) or "a model folder"
        text = f"no {wanted.title} model{f' {file}' if file else ''} ({wanted.path}) was found: "
        text += f"put {pages or 'one'} into {where}"
        if unclaimed:
            text += f"; if one of {', '.join(unclaimed[:5])} is it: understudy models add FILE --family {wanted.path}"
        return text

    def _embedded_models(self) -> Iterator[LocalModel]:
        for (role, family), path in embedded_files().items():
            if path.is_file():
                yield LocalModel(ModelFile(path), path.stat().st_size, role, family, None, "")
        safeguard = safeguard_file()
        if safeguard.is_file():
            card = next((one for one in self._catalogue.models if one.file == safeguard.name), None)
            yield LocalModel(ModelFile(safeguard), safeguard.stat().st_size, *SAFEGUARD_FAMILY, card, "")

    def _models_in(self, folder: Path) -> list[LocalModel]:
        files = model_files(folder)
        if not files:
            return []
        hashes = HashCache()
        models = [self._identify(path, hashes) for path in files]
        hashes.save()
        open_place = world_writable_path(folder, files)
        if open_place is not None:
            self._warnings[
                f"everybody may write to {quote(open_place)}, and so choose what models compute: take that "
                "permission away (chmod o-w)"
            ] = None
        return models

    def _identify(self, path: Path, hashes: HashCache) -> LocalModel:
        """Say what a file is. Only what may be a model is hashed: files of gigabytes take seconds each."""
        try:
            size = path.stat().st_size
            require_size(path)
            if self._catalogue.may_publish(size):
                file = ModelFile(path, hashes.sha256_of(path))
                known = self._catalogue.card_by_sha256(file.sha256)
                if known is not None:
                    return LocalModel(file, size, known.role, known.family, known, "")
            stated, problem = read_statement(path, self._catalogue)
            if stated is None:
                return LocalModel(ModelFile(path), size, "", "", None, problem)
            problem = signature_problem(path, self._catalogue.family(stated.role, stated.family))
            file = ModelFile(path, "" if problem else hashes.sha256_of(path))
        except OSError as error:
            problem = f"it can't be read: {error.strerror or error}"
            return LocalModel(ModelFile(path), 0, "", "", None, problem)
        except ModelError as error:
            return LocalModel(ModelFile(path), 0, "", "", None, quote(error))
        return LocalModel(file, size, stated.role, stated.family, None, problem, stated)


def _folder_text(folder: Path) -> str:
    try:
        is_there = folder.is_dir()
    except OSError:  # which can't be told then
        is_there = True
    return str(folder) if is_there else f"{folder}, which is not there"


def signature_problem(path: Path, family: Family) -> str:
    """Say why a file can't be of a family: its inputs and outputs, or that it is no model; empty if it can."""
    try:
        facts = onnx_info_of(path)
    except ModelError as error:
        return quote(error)
    wrong = mismatch(family, facts)
    return f"it is no {family.title} model: {quote(wrong)}" if wrong else ""


def _names(model: LocalModel) -> set[str]:
    names = {model.file.path.name, model.file.path.stem}
    if model.card is not None:
        names |= {model.card.file, Path(model.card.file).stem}
    return names
