# SPDX-License-Identifier: GPL-3.0-or-later
"""What manifests say of the files that a file was made of: who signed them, and whether they were intact then."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .facts import CompositeFacts, facts_from

RECORD_LABEL = "understudy.record"
_MAX_STEPS = 64
"""So many earlier manifests are read at most: a file from anyone may name far more."""
_NO_CHANGE = "signingCredential.untrusted"
"""C2PA's code for a signer whom the maker's machine did not know: it says nothing of a change."""


@dataclass(frozen=True)
class PastManifest:
    """The manifest of a file that another was made of.

    Attributes
    ----------
    generation : int
        How many steps lie between: 1 for what the file itself was made of.
    relationship : str
        C2PA's word for what it is to the next: ``parentOf``, ``componentOf`` or ``inputTo``.
    signer : str
        Who signed, as the certificate says it.
    time : str
        When, as a timestamp authority says it; empty where none does.
    generator : str
        The device or the program, as it calls itself.
    actions : tuple of str
        What it says was done, in C2PA's words.
    was_intact : bool
        Whether the file was as it was signed when the next was made of it, as who made that saw it.
    problems : tuple of str
        C2PA's codes for what was wrong then.
    facts : CompositeFacts or None
        What was done, where Understudy signed.
    """

    generation: int
    relationship: str
    signer: str
    time: str
    generator: str
    actions: tuple[str, ...]
    was_intact: bool
    problems: tuple[str, ...]
    facts: CompositeFacts | None

    def as_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {
            "generation": self.generation,
            "relationship": self.relationship,
            "signer": self.signer,
            "time": self.time,
            "generator": self.generator,
            "actions": list(self.actions),
            "was_intact": self.was_intact,
            "problems": list(self.problems),
            "facts": None if self.facts is None else self.facts.as_dict(),
        }


def past_manifests(store: Mapping[str, Any]) -> tuple[PastManifest, ...]:
    """Return what a file was made of, the nearest first, as far as manifests say it.

    Parameters
    ----------
    store : mapping
        What c2pa-python's reader gives as JSON. It may come from anyone.

    Returns
    -------
    tuple of PastManifest
        Each manifest once; the first 64 of them.
    """
    manifests = store.get("manifests")
    if not isinstance(manifests, Mapping):
        return ()
    active = str(store.get("active_manifest"))
    steps: list[PastManifest] = []
    generation, labels, known = 0, [active], {active}
    while labels and len(steps) < _MAX_STEPS:
        generation += 1
        next_labels: list[str] = []
        for ingredient in _ingredients(manifests.get(label) for label in labels):
            label = ingredient.get("active_manifest")
            past = manifests.get(label) if isinstance(label, str) else None
            if isinstance(label, str) and isinstance(past, Mapping) and label not in known:
                known.add(label)
                next_labels.append(label)
                steps.append(_past_manifest(generation, ingredient, past))
        labels = next_labels
    return tuple(steps[:_MAX_STEPS])


def recorded_facts(manifest: Mapping[str, Any]) -> CompositeFacts | None:
    """Return what a manifest says was done, where Understudy signed it."""
    for assertion in _mappings(manifest.get("assertions")):
        data = assertion.get("data")
        if assertion.get("label") == RECORD_LABEL and isinstance(data, dict):
            return facts_from(data)
    return None


def signer_of(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """Return who signed a manifest, and when; empty where it is not said."""
    signature = manifest.get("signature_info")
    if not isinstance(signature, Mapping):
        return "", ""
    return str(signature.get("common_name") or signature.get("issuer") or ""), str(
        signature.get("time") or ""
    )


def _past_manifest(
    generation: int, ingredient: Mapping[str, Any], manifest: Mapping[str, Any]
) -> PastManifest:
    signer, time = signer_of(manifest)
    problems = tuple(dict.fromkeys(code for code in _failures(ingredient) if code != _NO_CHANGE))
    return PastManifest(
        generation=generation,
        relationship=str(ingredient.get("relationship") or ""),
        signer=signer,
        time=time,
        generator=_generator(manifest),
        actions=tuple(_actions(manifest)),
        was_intact=not problems,
        problems=problems,
        facts=recorded_facts(manifest),
    )


def _failures(ingredient: Mapping[str, Any]) -> Iterator[str]:
    """Yield C2PA's codes for what was wrong with an ingredient, of both forms that manifests have had."""
    results = ingredient.get("validation_results")
    active = results.get("activeManifest") if isinstance(results, Mapping) else None
    if isinstance(active, Mapping):
        yield from (str(entry.get("code")) for entry in _mappings(active.get("failure")))
    yield from (str(entry.get("code")) for entry in _mappings(ingredient.get("validation_status")))


def _generator(manifest: Mapping[str, Any]) -> str:
    for entry in _mappings(manifest.get("claim_generator_info")):
        return f"{entry.get('name') or ''} {entry.get('version') or ''}".strip()
    return str(manifest.get("claim_generator") or "")


def _actions(manifest: Mapping[str, Any]) -> Iterator[str]:
    for assertion in _mappings(manifest.get("assertions")):
        data = assertion.get("data")
        if str(assertion.get("label")).startswith("c2pa.actions") and isinstance(data, Mapping):
            yield from (str(entry.get("action")) for entry in _mappings(data.get("actions")))


def _ingredients(manifests: Iterator[Any]) -> Iterator[Mapping[str, Any]]:
    for manifest in manifests:
        if isinstance(manifest, Mapping):
            yield from _mappings(manifest.get("ingredients"))


def _mappings(values: Any) -> Sequence[Mapping[str, Any]]:
    """Return the mappings of a list; nothing of anything else."""
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []
