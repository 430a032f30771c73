# SPDX-License-Identifier: GPL-3.0-or-later
"""One record of consent, and whether it holds."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date
from enum import Enum
from typing import Any

from ..cache.base.key import SHA256_HEX
from ..errors import ConsentError

_MAX_TEXT_CHARACTERS = 1 << 14
_MAX_IMAGES = 4096


class ConsentState(Enum):
    """Whether somebody's consent is there."""

    NONE = "none"
    """Nothing is recorded."""
    ENDED = "ended"
    """It was recorded, and has ended."""
    VALID = "valid"


@dataclass(frozen=True)
class ConsentRecord:
    """What somebody consented to. Texts are the recorder's own words; one that is empty was not said.

    Attributes
    ----------
    person : str
        Who consented.
    project : str
        For which project.
    use : str
        To which use.
    until : datetime.date or None
        The last day on which it holds; None where it has no end.
    evidence : str
        A file or a link that proves it.
    evidence_sha256 : str
        The file's SHA-256 in hex as it was recorded.
    recorded_by : str
        Who wrote the record.
    recorded_on : datetime.date or None
        When.
    images : tuple of str
        SHA-256 in hex of the image files of the person that it is for; none for every image of `person`.
    """

    person: str = ""
    project: str = ""
    use: str = ""
    until: date | None = None
    evidence: str = ""
    evidence_sha256: str = ""
    recorded_by: str = ""
    recorded_on: date | None = None
    images: tuple[str, ...] = ()

    def state(self, today: date) -> ConsentState:
        """Tell whether it holds on a day."""
        return ConsentState.ENDED if has_ended(self.until, today) else ConsentState.VALID

    def covers(self, name: str, image_hashes: frozenset[str]) -> bool:
        """Tell whether it is for a person.

        Parameters
        ----------
        name : str
            The person's name; empty if there is none.
        image_hashes : frozenset of str
            SHA-256 in hex of the person's image files.

        Returns
        -------
        bool
            Where it names images, whether all of the person's are among them; else whether the name is the same.
        """
        if self.images:
            return bool(image_hashes) and image_hashes <= frozenset(self.images)
        return bool(name.strip()) and comparable_name(name) == comparable_name(self.person)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        values = asdict(self)
        for day in ("until", "recorded_on"):
            values[day] = None if values[day] is None else values[day].isoformat()
        return values | {"images": list(self.images)}


def comparable_name(name: str) -> str:
    """Return a person's name as names are compared: without what is around it, and with no difference by case."""
    return name.strip().casefold()


def has_ended(until: date | None, today: date) -> bool:
    """Tell whether a consent whose last day is `until` does not hold any more; None has no end."""
    return until is not None and until < today


def state_of(records: Iterable[ConsentRecord], today: date) -> ConsentState:
    """Return whether any of several records holds on a day."""
    states = {record.state(today) for record in records}
    if ConsentState.VALID in states:
        return ConsentState.VALID
    return ConsentState.ENDED if states else ConsentState.NONE


def parse_day(text: str) -> date | None:
    """Return a day written as 2027-12-31; None for an empty text. ValueError for any other."""
    text = text.strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("a day is written as 2027-12-31") from None


def record_from(values: object) -> ConsentRecord:
    """Return what `ConsentRecord.as_dict` gave. ConsentError says which entry is not what it should be."""
    names = {entry.name for entry in fields(ConsentRecord)}
    if not isinstance(values, dict) or not values.keys() <= names:
        raise ConsentError("it has entries that this version does not know: use a newer Understudy")
    texts = names - {"until", "recorded_on", "images"}
    given: dict[str, Any] = {name: values[name] for name in texts & values.keys()}
    for name, value in given.items():
        if not isinstance(value, str) or len(value) > _MAX_TEXT_CHARACTERS:
            raise ConsentError(f"{name} is no text of at most {_MAX_TEXT_CHARACTERS} letters")
    for name in ("until", "recorded_on"):
        value = values.get(name)
        try:
            given[name] = None if value is None else parse_day(str(value))
        except ValueError as error:
            raise ConsentError(f"{name} can't be read: {error}") from None
    images = values.get("images", [])
    if not isinstance(images, list) or len(images) > _MAX_IMAGES:
        raise ConsentError("images is no list")
    if not all(isinstance(image, str) and SHA256_HEX.fullmatch(image) for image in images):
        raise ConsentError("images has an entry that is no SHA-256")
    return ConsentRecord(**given, images=tuple(images))
