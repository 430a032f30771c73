# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy models`: what neural models there are, and getting them into the folder."""

import argparse
import json
import os
import secrets
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..errors import ModelError, OutputError
from ..filesystem import Folder, open_input, write_file
from ..models.catalog import Catalogue, KnownModel, load_catalogue
from ..models.fetch import Progress, fetch, target_folder
from ..models.library import FoundModel, ModelLibrary, signature_problem, user_model_folder
from ..models.session import ModelFile
from ..models.statement import statement_path
from ..reporting.quoting import quote
from ..sessions.settings import STAY_OFFLINE
from .output import show

_PIECE = 1 << 20


def run(arguments: argparse.Namespace, catalogue: Catalogue | None = None) -> bool:
    """Do what the arguments of `cli_models_arguments` ask; return whether all is well. Raises UnderstudyError."""
    catalogue = load_catalogue() if catalogue is None else catalogue
    folder = arguments.folder or user_model_folder()
    if arguments.action == "add":
        _add(arguments, folder, catalogue)
        return True
    if arguments.action == "fetch":
        if not arguments.online:
            raise ModelError(f"{arguments.name} is not fetched: {STAY_OFFLINE}")
        known = catalogue.of_file(arguments.name)
        path = fetch(
            known, folder, _progress(known, quiet=arguments.quiet), accept_licence=arguments.accept_licence
        )
        show(f"{path} is here and intact. {_licence(known)}")
        return True
    if arguments.action == "verify":
        return _verify(folder, catalogue)
    _list(folder, catalogue)
    return True


def _list(folder: Path, catalogue: Catalogue) -> None:
    found = ModelLibrary([folder], catalogue).found()
    show(f"in {folder}, and embedded:")
    for one in found:
        show(f"  {_label(one):<26} {quote(one.file.path.name):<36} {_state(one)}")
    here = {one.known.sha256 for one in found if one.known is not None}
    show("")
    show("published, and not here (* can be fetched):")
    for known in catalogue.models:
        if known.sha256 not in here or not known.sha256:
            star = "*" if known.url and known.sha256 else " "
            place = f"{known.role}/{known.family}"
            show(f"{star} {place:<26} {known.file:<36} {_licence(known)} {known.page}")


def _label(one: FoundModel) -> str:
    return f"{one.role}/{one.family}" if one.role else "not known"


def _state(one: FoundModel) -> str:
    if one.problem:
        return f"can't be used: {one.problem}"
    about = one.known or one.stated
    return (
        _licence(about)
        if about
        else ("" if one.role else "say what it is: understudy models add FILE --family …")
    )


def _licence(known: KnownModel) -> str:
    use = "any use" if known.commercial else "NOT for commercial use"
    note = f" {known.note}." if known.note else ""
    return quote(f"{known.vendor or 'vendor not stated'}, {known.licence}, {use}.{note}")


def _add(arguments: argparse.Namespace, folder: Path, catalogue: Catalogue) -> None:
    file: Path = arguments.file
    if not file.is_file():
        raise ModelError(f"can't find the model {quote(file)}: check the path")
    known = catalogue.of_content(ModelFile(file).sha256)
    if known is None and arguments.family is None:
        raise ModelError(
            f"{quote(file.name)} is not in the catalogue: say what it is with --family, as embed/arcface"
        )
    wanted = catalogue.family(known.role, known.family) if known else catalogue.named(arguments.family)
    if known and arguments.family and catalogue.named(arguments.family).path != wanted.path:
        raise ModelError(f"{quote(file.name)} is {wanted.path}, {known.title}: leave --family away")
    problem = signature_problem(file, wanted)
    if problem:
        raise ModelError(f"{quote(file.name)} can't be used as {wanted.path}: {problem}")
    target = folder / file.name
    try:
        with target_folder(folder) as opened:
            if not (target.exists() and target.samefile(file)):
                _copy(file, opened)
        if known is None:
            _write_statement(target, wanted.path, arguments)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(
            f"can't write {quote(target)}: {reason}; check the folder and free space"
        ) from error
    about = f"{known.title}. {_licence(known)}" if known else wanted.title
    show(f"{target} is {wanted.path}, {about}")


def _copy(file: Path, folder: Folder) -> None:
    """Copy a file into a folder, whole or not at all; no more than it has at the beginning."""
    part = f".{file.name}.{secrets.token_hex(4)}.part"
    with open_input(file) as source:
        left = os.fstat(source.fileno()).st_size
        fd = folder.create_file(part, os.O_WRONLY, None)
        try:
            with os.fdopen(fd, "wb") as copy:
                while left > 0 and (piece := source.read(min(_PIECE, left))):
                    left -= len(piece)
                    copy.write(piece)
            folder.rename(part, file.name)
        except BaseException:
            with suppress(OSError):  # where nothing can be written, nothing can be removed
                folder.remove_file(part)
            raise


def _write_statement(target: Path, family: str, arguments: argparse.Namespace) -> None:
    """Write what the user says of a file; a JSON string is a TOML string too."""
    lines = [f"family = {json.dumps(family)}", f"licence = {json.dumps(arguments.licence)}"]
    lines.append(f"commercial = {'true' if arguments.commercial else 'false'}")
    write_file(statement_path(target), ("\n".join(lines) + "\n").encode())


def _verify(folder: Path, catalogue: Catalogue) -> bool:
    """Read every file again, whatever is remembered of it, and say whether it is what it should be."""
    well = True
    for one in _fresh(ModelLibrary([folder], catalogue).found()):
        try:
            known = catalogue.of_content(one.file.sha256)
        except ModelError as error:
            show(str(error))
            well = False
            continue
        published = [model for model in catalogue.models if model.file == one.file.path.name and model.sha256]
        if known is not None:
            show(f"{one.file.path} is intact: {known.title}")
        elif published:
            show(f"{one.file.path} is not what {published[0].vendor} published: damaged, or another version")
            well = False
        elif one.problem:
            show(f"{one.file.path} can't be used: {one.problem}")
            well = False
        else:
            show(f"{one.file.path} has the shape of {_label(one)}; no checksum is known for it")
    return well


def _fresh(found: Iterable[FoundModel]) -> Iterable[FoundModel]:
    for one in found:
        yield FoundModel(
            ModelFile(one.file.path), one.size, one.role, one.family, one.known, one.problem, one.stated
        )


def _progress(known: KnownModel, *, quiet: bool) -> Progress:
    shown = sys.stderr.isatty() and not quiet

    def progress(have: int, whole: int) -> None:
        if shown:
            share = f"{100 * have / whole:.0f} %" if whole else f"{have / 1e6:.0f} MB"
            print(f"\r{known.file}: {share}", end="" if have < whole else "\n", file=sys.stderr, flush=True)

    return progress
