# SPDX-License-Identifier: GPL-3.0-or-later
"""Which network looks for nudity: the user's, or the one that set-up takes out of its package."""

from .embedded import SAFEGUARD_FAMILY, safeguard_file
from .library import ModelLibrary
from .model_file import ModelFile


def find_safeguard_model(library: ModelLibrary) -> ModelFile | None:
    """Return the network that looks for nudity.

    Parameters
    ----------
    library : ModelLibrary
        The models of this machine. What the user put into a folder comes before what lies with the embedded models.

    Returns
    -------
    ModelFile or None
        None where there is no file of it.

    Raises
    ------
    ModelError
        There is a file that is said to be one, and it can't be used.
    """
    here = [one for one in library.local_models() if (one.role, one.family) == SAFEGUARD_FAMILY]
    usable = [one.file for one in here if not one.problem]
    if usable:
        return next((file for file in usable if file.path != safeguard_file()), usable[0])
    return library.model(*SAFEGUARD_FAMILY) if here else None
