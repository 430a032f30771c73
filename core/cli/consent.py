# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy consent`: list, add, export and check the records of a file, and list the outputs of a person."""

import argparse
import csv
import io
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ..consent.consent_file import (
    FILE_NAME,
    add_record,
    evidence_fault,
    evidence_hash,
    is_link,
    read_records,
    write_records,
)
from ..consent.nude_scenes import add_nude_scenes
from ..consent.record import ConsentRecord, ConsentState, state_of
from ..consent.request_consent import image_hashes
from ..errors import OutputError, os_error_reason
from ..filesystem import write_file
from ..recipe.request import SwapRequest
from ..reporting.layer_outcomes import pluralise
from ..sessions.settings import CONSENT_FILE_VARIABLE
from ..system.user_name import user_name
from ..units import OFF
from .consent_outputs import list_outputs
from .output import show, show_json

_CSV, _JSON = ".csv", ".json"


def consent(arguments: argparse.Namespace) -> bool:
    """Do what the arguments ask; return whether all is well. Raises UnderstudyError."""
    path = arguments.file or default_file()
    if arguments.action == "add":
        _add(arguments, path)
        return True
    if arguments.action == "outputs":
        list_outputs(arguments, path)
        return True
    records = read_records(path)
    if arguments.action == "export":
        _export(arguments.output, records)
        return True
    if arguments.action == "check":
        return _check(arguments, records, path.parent)
    _list(arguments, records)
    return True


def record_consent(path: Path, text: str, requests: Sequence[SwapRequest]) -> None:
    """Add a record without an end to a file for each source person of requests, unless one says the same already.

    Raises ConsentError, OutputError, or ClipError where an image can't be read.
    """
    for identity in dict.fromkeys(request.identity for request in requests):
        images = tuple(sorted(image_hashes([image.path for image in identity.images])))
        known = read_records(path) if path.exists() else ()
        if not any(record.use == text and record.images == images for record in known):
            add_record(
                path,
                ConsentRecord(
                    identity.name, use=text, recorded_by=user_name(), recorded_on=date.today(), images=images
                ),
            )


def default_file() -> Path:
    """Return the file that the environment names, or the usual one in the working folder."""
    named = os.environ.get(CONSENT_FILE_VARIABLE, "").strip()
    return Path(named) if named and named != OFF else Path(FILE_NAME)


def _list(arguments: argparse.Namespace, records: Sequence[ConsentRecord]) -> None:
    today = date.today()
    if arguments.json:
        show_json([record.as_dict() | {"state": record.state(today).value} for record in records])
        return
    for number, record in enumerate(records, 1):
        show(f"{number}. {record.person or 'no name'}: {_text(record, today)}")
    if not records:
        show("there are no records")


def _text(record: ConsentRecord, today: date) -> str:
    """Return what a record says, in one line."""
    end = "without an end" if record.until is None else f"until {record.until}"
    if record.state(today) is ConsentState.ENDED:
        end = f"ENDED on {record.until}"
    images = (
        f"for {pluralise(len(record.images), 'image')}" if record.images else "for every image of that name"
    )
    parts = [end, images]
    parts += [f"project {record.project}"] if record.project else []
    parts += [f"use {record.use}"] if record.use else []
    parts += [f"evidence {record.evidence}"] if record.evidence else []
    if record.recorded_by or record.recorded_on:
        parts.append(
            f"recorded by {record.recorded_by or 'nobody named'} on {record.recorded_on or 'no day'}"
        )
    return "; ".join(parts)


def _add(arguments: argparse.Namespace, path: Path) -> None:
    evidence, proof = arguments.evidence, ""
    if evidence and not is_link(evidence):
        file = Path(evidence)
        proof = evidence_hash(file)
        evidence = os.path.relpath(file.resolve(), path.resolve().parent)
    record = ConsentRecord(
        person=arguments.person,
        project=arguments.project,
        use=add_nude_scenes(arguments.use) if arguments.nude_scenes else arguments.use,
        until=arguments.until,
        evidence=evidence,
        evidence_sha256=proof,
        recorded_by=user_name() if arguments.recorded_by is None else arguments.recorded_by,
        recorded_on=date.today(),
        images=tuple(sorted({*image_hashes(arguments.face), *map(_clip_hash, arguments.clip)})),
    )
    is_new = add_record(path, record)
    show(f"{path}: {'one record more' if is_new else 'it has that record already'}")


def _clip_hash(path: Path) -> str:
    """Return the SHA-256 that a clip is known by: of its file, or of the list of its files. Raises ClipError."""
    from ..export.inputs import open_named_clip  # it imports the decoder

    with open_named_clip(path).clip as clip:
        return clip.clip_id


def _export(output: Path, records: Sequence[ConsentRecord]) -> None:
    suffix = output.suffix.lower()
    if suffix == _JSON:
        write_records(output, records)
    elif suffix == _CSV:
        table = io.StringIO(newline="")
        writer = csv.writer(table)
        names = list(ConsentRecord().as_dict())
        writer.writerow(names)
        for record in records:
            values = record.as_dict() | {"images": " ".join(record.images)}
            writer.writerow([_cell(values[name]) for name in names])
        try:
            write_file(output, table.getvalue().encode("utf-8-sig"))
        except OSError as error:
            raise OutputError(f"can't write {output}: {os_error_reason(error)}; check the folder") from error
    else:
        raise OutputError(f"can't write {output}: name a file that ends in {_CSV} or {_JSON}")
    show(f"{output}: {pluralise(len(records), 'record')}")


def _cell(value: object) -> str:
    """Return a value as a cell; what a table program would take for a formula is kept from it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _check(arguments: argparse.Namespace, records: Sequence[ConsentRecord], folder: Path) -> bool:
    today, is_well = date.today(), True
    checked = list(records)
    if arguments.face or arguments.name:
        hashes = image_hashes(arguments.face)
        checked = [record for record in records if record.covers(arguments.name, hashes)]
        state = state_of(checked, today)
        words = {
            ConsentState.NONE: "no consent of this person is recorded",
            ConsentState.ENDED: "the recorded consent of this person has ended",
            ConsentState.VALID: "this person's consent is recorded and holds",
        }
        show(words[state])
        is_well = state is ConsentState.VALID
        if state is ConsentState.ENDED:
            images = " ".join(f"--picture {image}" for image in dict.fromkeys(hashes))
            show(f"to delete what was computed: understudy cache purge {images}".rstrip())
            show(f"to list what was made: understudy consent outputs {images} FOLDER")
    for record in checked:
        number = records.index(record) + 1
        fault = evidence_fault(record, folder)
        if fault:
            show(f"record {number}: {fault}")
            is_well = False
        if record.state(today) is ConsentState.ENDED and not (arguments.face or arguments.name):
            show(f"record {number}: it ended on {record.until}")
            is_well = False
    if is_well and not (arguments.face or arguments.name):
        show("the record holds" if len(records) == 1 else f"all {len(records)} records hold")
    return is_well
