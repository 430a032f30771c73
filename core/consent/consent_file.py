# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of consent records that several projects may share: JSON, written whole or not at all."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from ..errors import ConsentError, OutputError, os_error_reason
from ..filesystem import open_input, read_input, write_file
from ..reporting.quoting import quote
from .record import ConsentRecord, record_from

FILE_NAME = "understudy_consent.json"
"""What such a file is usually called."""
_FORMAT_NAME, _FORMAT = "understudy_consent", 1
_MAX_BYTES = 1 << 24
_LINK_PREFIXES = ("http://", "https://")


def read_records(path: Path) -> tuple[ConsentRecord, ...]:
    """Return the records of a file, in their order.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    tuple of ConsentRecord
        All of them.

    Raises
    ------
    ConsentError
        The file is missing, can't be read or holds something else.
    """
    try:
        values = json.loads(read_input(path, _MAX_BYTES).decode("utf-8"))
    except OSError as error:
        raise ConsentError(
            f"can't read the consent file {quote(path)}: {os_error_reason(error).lower()}; check the path, or add a "
            "record, which makes it"
        ) from error
    except (ValueError, RecursionError):
        raise ConsentError(f"{quote(path)} is no file of consent records: it is no JSON") from None
    if not isinstance(values, dict) or not isinstance(values.get("records"), list):
        raise ConsentError(f"{quote(path)} is no file of consent records")
    if values.get(_FORMAT_NAME) != _FORMAT:
        raise ConsentError(f"{quote(path)} has another format than {_FORMAT}: use a newer Understudy")
    records = []
    for number, entry in enumerate(values["records"], 1):
        try:
            records.append(record_from(entry))
        except ConsentError as error:
            raise ConsentError(f"record {number} of {quote(path)} can't be used: {error}") from None
    return tuple(records)


def records_text(records: Sequence[ConsentRecord]) -> str:
    """Return the text of a file with these records."""
    values = {_FORMAT_NAME: _FORMAT, "records": [record.as_dict() for record in records]}
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def add_record(path: Path, record: ConsentRecord) -> bool:
    """Add a record to a file, which is made where there is none; tell whether it was not there already.

    Raises ConsentError where the file can't be used, OutputError where it can't be written.
    """
    records = read_records(path) if path.exists() else ()
    if record in records:
        return False
    write_records(path, (*records, record))
    return True


def write_records(path: Path, records: Sequence[ConsentRecord]) -> None:
    """Write a file of these records. Raises OutputError."""
    try:
        write_file(path, records_text(records).encode())
    except OSError as error:
        raise OutputError(
            f"can't write the consent file {quote(path)}: {os_error_reason(error)}; check the folder"
        ) from error


def is_link(evidence: str) -> bool:
    """Tell whether an evidence is a link and no file."""
    return evidence.lower().startswith(_LINK_PREFIXES)


def evidence_hash(path: Path) -> str:
    """Return the SHA-256 of a file of evidence in hex. Raises ConsentError where it can't be read."""
    try:
        with open_input(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConsentError(f"can't read the evidence {quote(path)}: {os_error_reason(error)}") from error


def evidence_fault(record: ConsentRecord, folder: Path) -> str:
    """Say what is wrong with a record's evidence; empty where nothing is, or where it is a link or none.

    `folder` is where relative paths begin.
    """
    if not record.evidence or is_link(record.evidence) or not record.evidence_sha256:
        return ""
    try:
        actual_hash = evidence_hash(folder / record.evidence)
    except ConsentError:
        return "its evidence is not there"
    return "" if actual_hash == record.evidence_sha256 else "its evidence was changed since it was recorded"
