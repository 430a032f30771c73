# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a result is there or not: the lines of its key text that differ from the nearest one that is kept."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..base.key import SHA256_HEX, Key
from ..packs.record import EntryInfo
from .lineage import key_fields


class KeyContainer(Protocol):
    """A store that can tell what it has."""

    def __contains__(self, key: Key, /) -> bool:
        """See `Store.__contains__`."""
        ...


class ListableStore(KeyContainer, Protocol):
    """A store that can list what it keeps."""

    def entries(self) -> Iterable[EntryInfo]:
        """List each entry's key text, size and age."""
        ...


@dataclass(frozen=True)
class Difference:
    """One line of two key texts. None where a text has no such line."""

    name: str
    wanted: str | None
    kept: str | None


@dataclass(frozen=True)
class Explanation:
    """Whether a result is kept and, if not, what the nearest result of the same stage was made from instead.

    `nearest` is the key text with the fewest lines that differ, of several the one written last; None where
    nothing of that stage is kept.
    """

    key: Key
    hit: bool
    nearest: str | None = None
    differences: tuple[Difference, ...] = ()

    @property
    def stage(self) -> str:
        """The stage's name."""
        return key_fields(self.key.text).get("stage", "")


def explain(key: Key, store: ListableStore) -> Explanation:
    """Explain one key. Reads no result, only key texts; where the key misses, all of them."""
    return explain_all([key], store, store.entries)[0]


def explain_all(
    keys: Sequence[Key], store: KeyContainer, entries: Callable[[], Iterable[EntryInfo]]
) -> list[Explanation]:
    """Explain several keys of a store with one look through what it, or its nearest tier, lists."""
    missing = {key: key_fields(key.text) for key in keys if key not in store}
    nearest: dict[Key, tuple[int, int, int, str]] = {}
    for entry in entries() if missing else ():
        kept = key_fields(entry.text)
        for key, wanted in missing.items():
            if kept.get("stage") == wanted.get("stage"):
                rank = *_likeness(wanted, kept), entry.written_at, entry.text
                nearest[key] = max(nearest.get(key, rank), rank)
    return [
        Explanation(key, key not in missing)
        if key not in nearest
        else Explanation(
            key, False, nearest[key][-1], _differences(missing[key], key_fields(nearest[key][-1]))
        )
        for key in keys
    ]


def _likeness(wanted: dict[str, str], kept: dict[str, str]) -> tuple[int, int]:
    """Return how alike two keys are. Of as many differences those are fewer that no digest is: they can be read."""
    differences = _differences(wanted, kept)
    digests = [line for line in differences if SHA256_HEX.fullmatch(line.wanted or "")]
    return -len(differences), -len(digests)


def _differences(wanted: dict[str, str], kept: dict[str, str]) -> tuple[Difference, ...]:
    return tuple(
        Difference(name, wanted.get(name), kept.get(name))
        for name in sorted(wanted.keys() | kept.keys())
        if wanted.get(name) != kept.get(name)
    )
