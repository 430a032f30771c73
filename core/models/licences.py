# SPDX-License-Identifier: GPL-3.0-or-later
"""Under which licence an engine runs: that of its own file, and those of the models that it can't run without.

A licence is the file's. What a model was trained on may have terms of its own, which no file states.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import ModelError
from .catalog import Family, ModelCard
from .library import LocalModel, ModelLibrary

NOT_STATED = "not stated"
SOURCE_RECOGNISER = ("embed", "arcface")
"""Role and family of the network that describes the source person to swappers that take a vector."""


@dataclass(frozen=True)
class ModelLicence:
    """A model of a chain, and what its licence allows."""

    role: str
    family: str
    title: str
    file: str
    """The name of the file: of the one that is used, or, where there is none, of a published one; else empty."""
    is_here: bool
    """Whether a usable file is on this machine. Where not, the strictest of the published files counts."""
    vendor: str
    licence: str
    commercial: bool
    """Whether it surely allows commercial use."""
    page: str
    note: str
    needed_by: str = ""
    """The engine, as `swap/ghost`, that can't run without it; empty for what a recipe chooses itself."""

    @property
    def path(self) -> str:
        """Role and name of the family, as `embed/arcface`."""
        return f"{self.role}/{self.family}"

    def as_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON."""
        return asdict(self)


def swapper_companions(swapper: Family) -> tuple[tuple[str, str], ...]:
    """Return role and family of each model that a swapper can't run without.

    Parameters
    ----------
    swapper : Family
        The swapper's family.

    Returns
    -------
    tuple of (str, str)
        The network that describes the source person, and the one that converts its vector; none for a swapper that
        takes an image, or whose model is of one person.
    """
    source = str(swapper.values.get("source", "none"))
    if source in ("none", "picture"):
        return ()
    if source.startswith("converted"):
        return SOURCE_RECOGNISER, ("convert", swapper.name.partition("-")[0])
    return (SOURCE_RECOGNISER,)


def engine_licences(library: ModelLibrary, role: str, name: str, file: str = "") -> tuple[ModelLicence, ...]:
    """Return the licences of all that runs where an engine is chosen, its own first.

    Parameters
    ----------
    library : ModelLibrary
        The models of this machine.
    role, name : str
        The engine's family.
    file : str
        Which file of it is used, as `ModelLibrary.model` takes it; empty for the first.

    Returns
    -------
    tuple of ModelLicence
        The engine's, then those of the models that it can't run without.

    Raises
    ------
    ModelError
        No such family is known.
    """
    family = library.catalogue.family(role, name)
    own = _licence(library, family, file, "")
    companions = swapper_companions(family) if role == "swap" else ()
    return own, *(
        _licence(library, library.catalogue.family(*companion), "", family.path) for companion in companions
    )


def strictest(chain: Sequence[ModelLicence]) -> ModelLicence | None:
    """Return the first of a chain that does not surely allow commercial use; None where all do."""
    return next((licence for licence in chain if not licence.commercial), None)


def _licence(library: ModelLibrary, family: Family, file: str, needed_by: str) -> ModelLicence:
    local = _used_model(library, family, file)
    # An embedded model has no card of its own: it is made from a published one.
    stated = None if local is None else local.card or local.user_card
    card = stated or _strictest_card(library, family, file)
    shown = local.file.path.name if local is not None else card.file if card is not None else ""
    if card is None:
        return ModelLicence(
            family.role, family.name, family.title, shown, local is not None, "", NOT_STATED, False, "", "", needed_by
        )  # fmt: skip
    return ModelLicence(
        role=family.role,
        family=family.name,
        title=card.title if card.sha256 or local is None else family.title,
        file=shown,
        is_here=local is not None,
        vendor=card.vendor,
        licence=card.licence or NOT_STATED,
        commercial=card.commercial,
        page=card.page,
        note=card.note,
        needed_by=needed_by,
    )


def _used_model(library: ModelLibrary, family: Family, file: str) -> LocalModel | None:
    """Return the model that the library would run for a family; None where it has none."""
    try:
        used = library.model(family.role, family.name, file)
    except ModelError:
        return None
    return next((one for one in library.local_models() if one.file is used), None)


def _strictest_card(library: ModelLibrary, family: Family, file: str) -> ModelCard | None:
    cards = [one for one in library.catalogue.models if (one.role, one.family) == (family.role, family.name)]
    named = [one for one in cards if file in (one.file, Path(one.file).stem)]
    return min(named or cards, key=lambda card: card.commercial, default=None)
