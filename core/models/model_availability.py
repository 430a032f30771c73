# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the file of a chosen engine is there, and under which licence: for an editor to know before it is used."""

from dataclasses import dataclass

from .library import ModelLibrary
from .licences import engine_licences, strictest


@dataclass(frozen=True)
class ModelAvailability:
    """What is known of the file that an engine needs."""

    title: str
    available: bool
    """Whether a usable file is there."""
    licence: str
    """Its licence, or where it is not there that of the files that are published; empty where nobody said."""
    commercial: bool
    """Whether that licence surely allows commercial use, and those of the models that it can't run without do too."""
    problem: str = ""
    """Why a file that is there can't be used."""
    page: str = ""
    """The web page of its publisher, by our own catalog; empty where nobody publishes it."""
    companion: str = ""
    """The model that it can't run without and whose licence is the stricter: its title, and its licence."""


def model_availability(library: ModelLibrary, role: str, name: str) -> ModelAvailability | None:
    """Return the state of an engine's file; None for an engine that needs none.

    `role` is that of the catalogue, such as swap, and `name` the choice of the parameter, which is the family's name.
    Reads the model folders.
    """
    family = library.catalogue.families.get((role, name))
    if family is None:
        return None
    there = [one for one in library.local_models() if (one.role, one.family) == (role, name)]
    usable = [one for one in there if not one.problem]
    own, *companions = engine_licences(library, role, name)
    said = [one.card or one.user_card for one in usable or there]
    published = [one for one in library.catalogue.models if (one.role, one.family) == (role, name)]
    about = next((one for one in said if one is not None), None) or next(iter(published), None)
    licence, commercial = ("", False) if about is None else (about.licence, about.commercial)
    stricter = strictest(companions) if commercial and own.commercial else None
    problem = "" if usable else next((one.problem for one in there), "")
    page = next((one.page for one in published if one.page.startswith("https://")), "")
    return ModelAvailability(
        family.title,
        bool(usable),
        licence,
        commercial and stricter is None,
        problem,
        page,
        "" if stricter is None else f"{stricter.title}: {stricter.licence}",
    )
