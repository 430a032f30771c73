# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a sheet: by a worker process while the editor goes on, or before returning where there is no window."""

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ...core.errors import UnderstudyError
from ...core.media.source import ClipSource
from ...core.reporting.layer_outcomes import pluralise
from ...core.reporting.quoting import quote
from ...core.sheet.request import SheetRequest
from ...core.sheet.sheet import Wedge
from ..layers.consent_file import consent_file
from ..layers.folders import cache_folder
from ..properties.identity_properties import CONSENT_TEXTS, stored_images
from ..properties.preferences import preferences
from ..properties.sheet_state import reset_sheet_state, sheet_state
from ..sequencer.strips import source_of
from ..sessions.open import open_session, run_settings
from ..sessions.worker_process import WorkerProcess
from ..sessions.worker_query import WorkerQuery, active_queries
from .sheet_image import make_sheet_image, redraw_sheet, reload_image, sheet_path
from .variants import Row, allowed_variants

TOPIC = "sheet"
CELL_SIDE_PIXELS = 256


@dataclass(frozen=True)
class SheetOrder:
    """A sheet that is asked for.

    Attributes
    ----------
    subject : str
        What is compared: a part of the names of its files.
    rows : tuple of Row
        What is compared.
    wedges : tuple of Wedge
        Of which settings the rows are values; none where they are people.
    frames : tuple of int
        The first and the last frame to choose from, counted from 0.
    columns : int
        How many frames.
    """

    subject: str
    rows: tuple[Row, ...]
    wedges: tuple[Wedge, ...]
    frames: tuple[int, int]
    columns: int


def make_sheet(scene: bpy.types.Scene, strip: Any, modifier: Any, order: SheetOrder) -> Any:
    """Have a sheet of a modifier made, and return its image, which fills in. A sheet in hand is ended.

    Without a window it is all there when this returns. Raises UnderstudyError where it can't begin, as where a
    condition of the user's refuses everybody; where it refuses some, their cells say so.
    """
    stop_sheet()
    variants = allowed_variants(scene, [row.variant for row in order.rows])
    source = source_of(strip)
    path = sheet_path(scene, source.paths[0].name, order.subject)
    image = make_sheet_image(path)
    _begin_state(scene, modifier, image, order.rows, path)
    request = SheetRequest(
        source,
        variants,
        order.wedges,
        *order.frames,
        order.columns,
        CELL_SIDE_PIXELS,
        path,
    )
    if bpy.app.background:
        _make_now(scene, source, request)
    else:
        _start(scene, strip, request)
    return image


def stop_sheet() -> None:
    """End the worker that makes a sheet. The cells that it made are kept."""
    for query in active_queries(TOPIC):
        query.cancel()
        _end("Stopped; the cells that are finished are kept")


def _begin_state(scene: bpy.types.Scene, modifier: Any, image: Any, rows: Sequence[Row], path: Path) -> None:
    reset_sheet_state()
    state = sheet_state()
    state.image, state.page = image.name, str(path.with_suffix(".html"))
    state.scene, state.strip_id, state.modifier = scene.name, modifier.strip_id, modifier.name
    state.is_running, state.status = True, "Starting"
    own = stored_images(modifier.identity)
    for row in rows:
        entry = state.variants.add()
        entry.label, entry.settings = quote(row.label), "\n".join(row.settings)
        entry.is_take, entry.take_id = row.take_id is not None, row.take_id or ""
        entry.person = row.label
        if list(row.images) == own:
            identity = modifier.identity
            entry.person, entry.consent = identity.name, identity.consent
            texts = {name: getattr(identity.consent_record, name) for name in CONSENT_TEXTS}
            entry.consent_record = json.dumps(texts)
        for filepath, number in row.images:
            chosen = entry.images.add()
            chosen.filepath, chosen.face_number = filepath, number


def _start(scene: bpy.types.Scene, strip: Any, request: SheetRequest) -> None:
    try:
        worker = WorkerProcess(run_settings(cache_folder(scene), preferences(), consent_file(scene)))
    except UnderstudyError:
        _end("")
        raise
    worker.make_sheet(strip.name, request)

    def on_end(faults: list[str]) -> None:
        _end(sheet_state().status if not faults else "", faults[0] if faults else "")

    WorkerQuery(TOPIC, worker, on_end, follow_sheet).start()


def _make_now(scene: bpy.types.Scene, source: ClipSource, request: SheetRequest) -> None:
    from ...core.sheet.run import make_sheet as make_cells

    try:
        with closing(open_session(cache_folder(scene), preferences(), consent_file(scene))) as session:
            for progress in make_cells(*session.open_pipeline(source), request, lambda _share: None):
                follow_sheet("cells", progress.as_dict())
    finally:
        _end(sheet_state().status)


def follow_sheet(kind: str, value: Any) -> None:
    """Show what a worker says of the sheet."""
    state = sheet_state()
    if kind == "progress":
        state.progress, state.status = value, f"Looking for frames, {round(100 * value)} %"
    elif kind == "cells":
        failed = f", {value['failed']} failed" if value["failed"] else ""
        state.progress = value["done"] / value["total"]
        state.status = f"{value['done']} of {pluralise(value['total'], 'cell')}{failed}"
        if value["places"]:
            _show_cells(value["places"])
    redraw_sheet()


def _show_cells(places: list[list[int]]) -> None:
    """Read the image that was written anew, and note where its cells are."""
    state = sheet_state()
    state.places.clear()
    for variant, column, left, top, width, height in places:
        entry = state.places.add()
        entry.variant, entry.column, entry.corner, entry.size = variant, column, (left, top), (width, height)
    reload_image()


def _end(status: str, trouble: str = "") -> None:
    state = sheet_state()
    state.is_running, state.progress, state.status, state.trouble = False, 0.0, status, quote(trouble)
    redraw_sheet()


@persistent
def _on_load(*_: Any) -> None:
    """Another file was loaded: the sheet is of a modifier that is gone."""
    reset_sheet_state()


def register() -> None:
    """See to it that no sheet outlives its file."""
    bpy.app.handlers.load_post.append(_on_load)


def unregister() -> None:
    """Take the handler out."""
    bpy.app.handlers.load_post.remove(_on_load)
