# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy models`: what neural models there are, and getting them into the folder."""

import argparse
import json
import os
from collections.abc import Iterable
from pathlib import Path

from ..errors import ModelError, OutputError, os_error_reason
from ..filesystem import Folder, open_input, write_all, write_file
from ..models.catalog import Catalogue, ModelCard, load_catalogue
from ..models.embedded import embedded_files, embedded_folder
from ..models.fetch import ProgressCallback, fetch, open_target_folder
from ..models.graphs.graph_folder import GraphFolder, user_graph_folder
from ..models.library import LocalModel, ModelLibrary, signature_problem, user_model_folder
from ..models.licences import engine_licences, strictest
from ..models.model_file import ModelFile
from ..models.statement import statement_path
from ..reporting.quoting import quote
from ..sessions.licences import DATA_NOTE
from ..sessions.settings import STAY_OFFLINE
from .doctor_models import check_models
from .output import is_terminal, show, show_transfer

_CHUNK_BYTES = 1 << 20


def run(arguments: argparse.Namespace, catalogue: Catalogue | None = None) -> bool:
    """Do what the arguments of `models_arguments` ask; return whether all is well. Raises UnderstudyError."""
    catalogue = load_catalogue() if catalogue is None else catalogue
    if arguments.action == "clean":
        _clean()
        return True
    folder = arguments.folder or user_model_folder()
    if arguments.action == "add":
        _add(arguments, folder, catalogue)
        return True
    if arguments.action == "fetch":
        if not arguments.online:
            raise ModelError(f"{arguments.name} is not fetched: {STAY_OFFLINE}")
        known = catalogue.card_by_file_name(arguments.name)
        path = fetch(
            known,
            folder,
            _progress_printer(known, quiet=arguments.quiet),
            accept_licence=arguments.accept_licence,
        )
        show(f"{path} is here and intact. {_licence_text(known)}")
        return True
    if arguments.action == "verify":
        return _verify(folder, catalogue)
    _list(folder, catalogue)
    return True


def _list(folder: Path, catalogue: Catalogue) -> None:
    library = ModelLibrary([folder], catalogue)
    local_models = library.local_models()
    show(f"in {folder}, and embedded:")
    for one in local_models:
        about = one.card or one.user_card
        limit = "" if one.problem or about is None else _companion_text(library, about)
        show(f"  {_family_name(one):<26} {quote(one.file.path.name):<36} {_state_text(one)}{limit}")
    here = {one.card.sha256 for one in local_models if one.card is not None}
    show("")
    show("published, and not here (* can be fetched):")
    for known in catalogue.models:
        if known.sha256 not in here or not known.sha256:
            star = "*" if known.url and known.sha256 else " "
            place = f"{known.role}/{known.family}"
            limit = _companion_text(library, known)
            show(f"{star} {place:<26} {known.file:<36} {_licence_text(known)}{limit} {known.page}")
    show("")
    show(f"{DATA_NOTE[0].upper()}{DATA_NOTE[1:]}.")


def _clean() -> None:
    graphs = user_graph_folder()
    freed = 0 if graphs is None else _remove_graphs(graphs)
    show(f"{freed / 1e6:.1f} MB of optimized graphs removed")


def _remove_graphs(graphs: GraphFolder) -> int:
    """Remove all optimized graphs and return the bytes freed. OutputError if any are left."""
    try:
        freed, left = graphs.remove_all(), graphs.entries()
    except OSError as error:
        raise OutputError(f"can't remove the optimized graphs: {os_error_reason(error)}") from error
    if left:
        raise OutputError(f"can't remove all optimized graphs: remove {quote(graphs.place.path)}")
    return freed


def _family_name(model: LocalModel) -> str:
    return f"{model.role}/{model.family}" if model.role else "not known"


def _state_text(model: LocalModel) -> str:
    if model.problem:
        return f"can't be used: {model.problem}"
    about = model.card or model.user_card
    return (
        _licence_text(about)
        if about
        else ("" if model.role else "say what it is: understudy models add FILE --family …")
    )


def _companion_text(library: ModelLibrary, card: ModelCard) -> str:
    """Say which stricter licence a model can't run without; empty where there is none."""
    model = strictest(engine_licences(library, card.role, card.family)[1:])
    if model is None or not card.commercial:
        return ""
    return quote(f" Runs only with {model.title} ({model.licence}): NOT for commercial use.")


def _licence_text(card: ModelCard) -> str:
    use = "any use of the file" if card.commercial else "NOT for commercial use"
    note = f" {card.note}." if card.note else ""
    return quote(f"{card.vendor or 'vendor not stated'}, {card.licence}, {use}.{note}")


def _add(arguments: argparse.Namespace, folder: Path, catalogue: Catalogue) -> None:
    file: Path = arguments.file
    if not file.is_file():
        raise ModelError(f"can't find the model {quote(file)}: check the path")
    known = catalogue.card_by_sha256(ModelFile(file).sha256)
    if known is None and arguments.family is None:
        raise ModelError(
            f"{quote(file.name)} is not in the catalogue: say what it is with --family, as embed/arcface"
        )
    wanted = catalogue.family(known.role, known.family) if known else catalogue.find_family(arguments.family)
    if known and arguments.family and catalogue.find_family(arguments.family).path != wanted.path:
        raise ModelError(f"{quote(file.name)} is {wanted.path}, {known.title}: leave out --family")
    problem = signature_problem(file, wanted)
    if problem:
        raise ModelError(f"{quote(file.name)} can't be used as {wanted.path}: {problem}")
    target = folder / file.name
    try:
        with open_target_folder(folder) as opened:
            if not (target.exists() and target.samefile(file)):
                _copy(file, opened)
        if known is None:
            _write_statement(target, wanted.path, arguments)
    except OSError as error:
        reason = os_error_reason(error)
        raise OutputError(
            f"can't write {quote(target)}: {reason}; check the folder and free space"
        ) from error
    about = f"{known.title}. {_licence_text(known)}" if known else wanted.title
    show(f"{target} is {wanted.path}, {about}")


def _copy(file: Path, folder: Folder) -> None:
    """Copy a file into a folder, whole or not at all; no more than it has at the beginning."""
    with open_input(file) as source:
        left = os.fstat(source.fileno()).st_size
        with folder.replace_file(file.name, None) as copy:
            while left > 0 and (piece := source.read(min(_CHUNK_BYTES, left))):
                left -= len(piece)
                write_all(copy, piece)


def _write_statement(target: Path, family: str, arguments: argparse.Namespace) -> None:
    """Write what the user says of a file; a JSON string is a TOML string too."""
    lines = [f"family = {json.dumps(family)}", f"licence = {json.dumps(arguments.licence)}"]
    lines.append(f"commercial = {'true' if arguments.commercial else 'false'}")
    write_file(statement_path(target), ("\n".join(lines) + "\n").encode())


def _verify(folder: Path, catalogue: Catalogue) -> bool:
    """Read every file again, whatever is remembered of it, and say whether it is what it should be."""
    well = check_models(embedded_folder())
    embedded = embedded_files().values()
    for one in _without_cached_hashes(ModelLibrary([folder], catalogue).local_models()):
        if one.file.path in embedded:
            continue
        try:
            known = catalogue.card_by_sha256(one.file.sha256)
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
            show(f"{one.file.path} has the shape of {_family_name(one)}; no checksum is known for it")
    return well


def _without_cached_hashes(models: Iterable[LocalModel]) -> Iterable[LocalModel]:
    for one in models:
        yield LocalModel(
            ModelFile(one.file.path), one.size, one.role, one.family, one.card, one.problem, one.user_card
        )


def _progress_printer(card: ModelCard, *, quiet: bool) -> ProgressCallback:
    shown = is_terminal() and not quiet

    def print_progress(received_bytes: int, total_bytes: int) -> None:
        if shown:
            share = (
                f"{100 * received_bytes / total_bytes:.0f} %"
                if total_bytes
                else f"{received_bytes / 1e6:.0f} MB"
            )
            show_transfer(f"{card.file}: {share}", done=received_bytes >= total_bytes)

    return print_progress
