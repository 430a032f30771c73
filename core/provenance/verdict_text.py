# SPDX-License-Identifier: GPL-3.0-or-later
"""A verdict in plain words, a line each."""

from collections.abc import Iterator

from ..reporting.layer_outcomes import pluralise
from ..reporting.quoting import quote
from .facts import NEURAL, CompositeFacts
from .manifest import INSTALL_HINT, ManifestReading
from .manifest_history import PastManifest
from .verify import CHANGED, INTACT, UNMARKED, Verdict

_STATES = {
    INTACT: "intact: it is the file that was made",
    CHANGED: "CHANGED since it was made",
    UNMARKED: "no mark: nothing says what was done to it",
}
_SHOWN_DIGITS = 16


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """Yield what a verdict says: the file and its state, then indented what was done, to whom and by what right."""
    yield f"{quote(verdict.path)}: {state_text(verdict)}"
    if not verdict.problem:
        for line in detail_lines(verdict):
            yield f"  {line}"


def state_text(verdict: Verdict) -> str:
    """Return a file's state in words."""
    return f"can't be checked: {verdict.problem}" if verdict.problem else _STATES[verdict.state]


def detail_lines(verdict: Verdict, *, shortened: bool = True) -> Iterator[str]:
    """Yield what was done, to whom and by what right, and what each mark is worth; hashes `shortened` or whole."""
    facts = verdict.facts
    if verdict.is_of_sequence and verdict.state == UNMARKED:
        yield "In an image of a sequence without a mark no face was replaced, or its mark is gone. Of the others:"
    if facts is not None:
        yield from _fact_lines(facts, _SHOWN_DIGITS if shortened else None)
    if verdict.sidecar:
        text = quote(verdict.consent) if verdict.consent else "nothing is said"
        yield f"By what right (the file beside it, which is not signed): {text}"
    if verdict.packet is not None:
        worth = "matches the file" if verdict.packet.is_intact else "does NOT match the file"
        yield f"XMP: {worth}. It is not signed: it shows a change, not who made it."
    if verdict.manifest is not None:
        yield from _manifest_lines(verdict.manifest)
        yield from map(_history_line, verdict.manifest.history)
    if verdict.manifest_problem:
        yield f"C2PA: there is a manifest that was not checked: {verdict.manifest_problem}; {INSTALL_HINT}"
    if verdict.sidecar_matches is not None:
        yield f"File beside it: its hash {'matches' if verdict.sidecar_matches else 'does NOT match'}."


def _fact_lines(facts: CompositeFacts, digits: int | None) -> Iterator[str]:
    how = (
        "a trained model made the new face"
        if facts.engine == NEURAL
        else "the new face was moved there from photographs, without a model that makes pixels"
    )
    yield f"A face was replaced with {quote(facts.software)}: {how}."
    if facts.clips:
        yield f"Made of {pluralise(len(facts.clips), 'clip')}: {_digests(facts.clips, digits)}"
    if facts.source_images:
        images = pluralise(len(facts.source_images), "image")
        yield f"Source person: {images}, SHA-256 {_digests(facts.source_images, digits)}"
    if facts.models:
        yield f"Models: SHA-256 {_digests(facts.models, digits)}"
    if facts.licences:
        worth = "each surely allows" if facts.is_commercial else "not each surely allows"
        yield f"Licenses of the models: {quote('; '.join(facts.licences))}; {worth} commercial use"


def _manifest_lines(manifest: ManifestReading) -> Iterator[str]:
    if not manifest.is_intact:
        yield f"C2PA: the file is NOT as it was signed ({', '.join(manifest.problems) or 'invalid'})."
        return
    signer = quote(manifest.signer)
    if manifest.is_trusted:
        worth = "This machine trusts the certificate."
    elif manifest.is_local:
        worth = "A machine made this certificate for itself: it says nothing of who signed."
    else:
        worth = "This machine does not know who vouches for the certificate."
    when = f", on {quote(manifest.time)}" if manifest.time else ""
    yield f"C2PA: the file is as it was signed by {signer}{when}. {worth}"


def _history_line(past: PastManifest) -> str:
    """Say what a file was that this one was made of, one line."""
    signer = quote(past.signer) or "somebody who is not named"
    when = f", on {quote(past.time)}" if past.time else ""
    maker = f", made with {quote(past.generator)}" if past.generator else ""
    if past.facts is not None:
        maker += " (a face was replaced)"
    state = "it was as it was signed when it was used"
    if not past.was_intact:
        state = f"it was NOT as it was signed when it was used ({quote(', '.join(past.problems))})"
    steps = "the file before this one" if past.generation == 1 else f"{past.generation} files before this one"
    return f"History, {steps}: signed by {signer}{when}{maker}; {state}."


def _digests(digests: tuple[str, ...], digits: int | None) -> str:
    return ", ".join(_digest_text(digest, digits) for digest in digests)


def _digest_text(digest: str, digits: int | None) -> str:
    kind, colon, number = digest.rpartition(":")
    return f"{kind}{colon}{number[:digits]}{'…' if digits else ''}"
