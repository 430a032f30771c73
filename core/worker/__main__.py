# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that prepares layer images beside an editor: `python -m core.worker`, asked and answering by lines.

Each line is a JSON object of one entry. In come `begin` (the run's settings), then `clip` and `cast`, each with an
`id`, and `check`, `note`, `people`, `sheet`, `turnover`, `purge` and `job`, which name them by it; at last `end`. Out
go `ready`, then `done` for each job with what its image shows and why, `progress` of a search for people or frames, the
`cells` of a sheet, the `frames` of a turnover that are written and its `outcome`, the bytes that were `freed`,
`warning` and `fault` as they arise, and at last `report`. Whoever asks keeps the input open until then. When it closes
earlier they are gone: the frame in hand may finish within a second, and the process ends. A message that has not the
form it should have is answered by a `fault` and passed over; without a right `begin` the process ends.
"""

import _thread
import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

from ..errors import FaceImageError, MessageError, RecipeError, UnderstudyError
from ..layers.job import get_by_id, job_from, request_from, source_from
from ..media.source import ClipSource
from ..recipe import messages
from ..recipe.request import SwapRequest
from ..reporting.layer_outcomes import FAILED, SWAPPED
from ..sessions.layer_session import LayerSession
from ..sessions.request_faults import RequestFault
from ..sessions.settings import settings_of_values
from .termination import clean_termination

GRACE_SECONDS = 1.0
EXIT_ORPHANED = 3
EXIT_MALFORMED = 2
_MAX_REQUESTS = 1000
_MAX_KIND_CHARACTERS = 40
_UNREADABLE_KIND = ""
"""The kind of a message that could not be read; its value says why."""
SendMessage = Callable[[str, object], None]


class WorkerRun:
    """The jobs of one run, done in order; what comes of them goes to `send`."""

    def __init__(self, begin: object, send: SendMessage) -> None:
        """Open the session that a `begin` describes. Raises MessageError."""
        self._send = send
        self._settings = settings_of_values(begin)
        self._session = LayerSession(self._settings)
        self._clips: dict[int, ClipSource] = {}
        self._requests: dict[int, tuple[SwapRequest, ...]] = {}
        self._faults: dict[int, tuple[str, ...]] = {}
        self._sent_warning_count = 0
        self._send("ready", os.getpid())

    def handle(self, kind: str, value: object) -> None:
        """Do what one line asks; a `fault` tells where it has not the form it should have."""
        given: Mapping[str, Any] = value if isinstance(value, dict) else {}
        try:
            self._dispatch(kind, given)
        except (MessageError, RecipeError) as error:
            self._send("fault", f"a message of the kind {kind[:_MAX_KIND_CHARACTERS]!r} is ignored: {error}")
            number = given.get("id")
            if kind == "job" and isinstance(number, int):
                # Whoever asked would wait for it.
                self._send("done", {"id": number, "written": False})

    def _dispatch(self, kind: str, value: Mapping[str, Any]) -> None:
        if kind == "clip":
            self._clips[messages.integer(value.get("id"))] = source_from(value)
        elif kind == "cast":
            given = messages.entries(value, "id", "castings")
            requests = messages.listing(given["castings"], request_from, _MAX_REQUESTS)
            self._requests[messages.integer(given["id"])] = requests
        elif kind == "check":
            given = messages.entries(value, "strip", "cast")
            self._find_faults(messages.text(given["strip"]), given["cast"])
        elif kind == "job":
            self._run_job(value)
        elif kind == "people":
            self._find_people(messages.entries(value, "strip", "clip", "cast", "first", "last"))
        elif kind == "note":
            given = messages.entries(value, "strip", "cast")
            self._inspect_source_images(messages.text(given["strip"]), given["cast"])
        elif kind == "sheet":
            self._make_sheet(messages.entries(value, "strip", "clip", "sheet"))
        elif kind == "turnover":
            self._make_turnover(messages.entries(value, "strip", "clip", "turnover"))
        elif kind == "purge":
            self._purge(messages.entries(value, "strip", "clip", "images"))
        else:
            raise MessageError("there is no such kind")

    def end(self) -> None:
        """Tell what was done and let go of everything."""
        report = {**self._session.as_dict(), "written": self._session.write_count}
        self._send_warnings()
        self._session.close()
        self._send("report", report)

    def _run_job(self, value: Mapping[str, Any]) -> None:
        job = job_from(value, self._clips, self._requests)
        number = messages.integer(value["id"])
        faults, shown, written = self._find_faults(job.strip, value["cast"]), FAILED, False
        reason = "; ".join(dict.fromkeys(faults))
        # Where some modifiers fail, the image shows the faces of the others.
        if not faults or len(faults) < len(job.requests):
            before = self._session.outcomes.position
            written = self._session.update_layer(job)
            shown = self._session.outcomes.shown_since(before)
            reason = "" if shown == SWAPPED else self._session.outcomes.last_reason
        self._send_warnings()
        self._send("done", {"id": number, "written": written, "shown": shown, "reason": reason})

    def _send_warnings(self) -> None:
        for text in self._session.warnings[self._sent_warning_count :]:
            self._send("warning", text)
        self._sent_warning_count = len(self._session.warnings)

    def _find_people(self, value: Mapping[str, Any]) -> None:
        """Find the people in a stretch of a clip; they are kept, for the asker to look up."""
        strip, clip = messages.text(value["strip"]), get_by_id(self._clips, value["clip"], "clip")
        requests = get_by_id(self._requests, value["cast"], "cast")
        if not requests:
            raise MessageError("a search needs a request with a recipe")
        first, last = (messages.frame_number(value[name]) for name in ("first", "last"))
        try:
            self._session.find_people(
                clip,
                first,
                last,
                requests[0].recipe,
                lambda share: self._send("progress", share),
            )
        except UnderstudyError as error:
            self._send("fault", f"{strip}: {error}")

    def _make_sheet(self, value: Mapping[str, Any]) -> None:
        """Make a sheet; its cells are told as they come."""
        # What makes them is a lot to import, and few workers are asked.
        from ..sheet.request import sheet_request_from
        from ..sheet.run import make_sheet

        strip, source = messages.text(value["strip"]), get_by_id(self._clips, value["clip"], "clip")
        request = sheet_request_from(value["sheet"], source)
        try:
            pipeline, clip = self._session.open_pipeline(source)
            for progress in make_sheet(pipeline, clip, request, lambda share: self._send("progress", share)):
                self._send("cells", progress.as_dict())
        except UnderstudyError as error:
            self._send("fault", f"{strip}: {error}")

    def _make_turnover(self, value: Mapping[str, Any]) -> None:
        """Write a turnover; what became of it is told before the warnings."""
        from ..turnover.request import turnover_request_from
        from ..turnover.session_turnover import make_turnover

        strip, source = messages.text(value["strip"]), get_by_id(self._clips, value["clip"], "clip")
        request = turnover_request_from(value["turnover"], source)
        try:
            with clean_termination():
                outcome = make_turnover(
                    self._session,
                    request,
                    lambda count, total: self._send("frames", [count, total]),
                    online=self._settings.online,
                )
            self._send("outcome", outcome.as_dict())
        except UnderstudyError as error:
            self._send("fault", f"{strip}: {error}")

    def _inspect_source_images(self, strip: str, request_id: object) -> None:
        """Look at the images of the source person; what is seen is kept, for the asker to look up."""
        faults: dict[str, None] = {}
        for request in get_by_id(self._requests, request_id, "cast"):
            for image in request.identity.images:
                try:
                    self._session.inspect_source_image(image, request.recipe.detect)
                except UnderstudyError as error:
                    faults[str(error)] = None
            try:
                if request.recipe.swap.gives_shape:
                    self._session.neutral_source_face(request.identity, request.recipe.detect)
            except FaceImageError:
                pass  # it is in the report on the image
            except UnderstudyError as error:
                faults[str(error)] = None
        for text in faults:
            self._send("fault", f"{strip}: {text}")

    def _purge(self, value: Mapping[str, Any]) -> None:
        strip, clip = messages.text(value["strip"]), value["clip"]
        source = None if clip is None else get_by_id(self._clips, clip, "clip")
        images = messages.listing(value["images"], messages.path, _MAX_REQUESTS)
        try:
            self._send("freed", self._session.purge(source, images))
        except UnderstudyError as error:
            self._send("fault", f"{strip}: {error}")

    def _find_faults(self, strip: str, request_id: object) -> tuple[str, ...]:
        """Return why requests can't be executed, a text for each that can't be; they are sent once."""
        requests, number = get_by_id(self._requests, request_id, "cast"), messages.integer(request_id)
        if number not in self._faults:
            faults = []
            for request in requests:
                try:
                    self._session.check((request,))
                except UnderstudyError as error:
                    faults.append(RequestFault(request.modifier, str(error)))
            texts = [fault.full_text if len(requests) > 1 else fault.text for fault in faults]
            for text in dict.fromkeys(texts):
                self._send("fault", f"{strip}: {text}")
            self._faults[number] = tuple(texts)
        return self._faults[number]


Message = tuple[str, Any]


def _read_messages(
    lines: BinaryIO, inbox: "queue.SimpleQueue[Message]", disconnected: threading.Event
) -> None:
    """Hand on every line; when they stop, see to it that the process does not outlive its asker."""
    for line in _lines(lines):
        try:
            inbox.put(messages.parse(line))
        except MessageError as error:
            inbox.put((_UNREADABLE_KIND, str(error)))
    disconnected.set()
    inbox.put((_UNREADABLE_KIND, "gone"))
    _thread.interrupt_main(signal.SIGTERM)  # nothing where it is not handled, see `clean_termination`
    time.sleep(GRACE_SECONDS)
    os._exit(EXIT_ORPHANED)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file; of one that is too long as much as shows that."""
    while line := file.readline(messages.MAX_LINE_BYTES):
        rest = line
        while len(rest) == messages.MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(messages.MAX_LINE_BYTES)
            line = b"too long"
        yield line


def main() -> int:
    """Do what stdin asks until it ends; return the exit status."""
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def send(kind: str, value: object) -> None:
        answers.write(json.dumps({kind: value}) + "\n")
        answers.flush()

    waiting: queue.SimpleQueue[Message] = queue.SimpleQueue()
    gone = threading.Event()
    # A file of its own: Python closes its own when it ends, and would wait for the thread that reads it.
    lines = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    threading.Thread(target=_read_messages, args=(lines, waiting, gone), daemon=True).start()
    run: WorkerRun | None = None
    while True:
        kind, value = waiting.get()
        if gone.is_set():
            return EXIT_ORPHANED
        if kind == _UNREADABLE_KIND:
            send("fault", value)
        elif kind == "begin" and run is None:
            try:
                run = WorkerRun(value, send)
            except MessageError as error:
                send("fault", f"can't begin: {error}")
                sys.stderr.write(f"can't begin: {error}\n")
                return EXIT_MALFORMED
        elif kind == "end":
            if run is not None:
                run.end()
            return 0
        elif run is not None:
            run.handle(kind, value)
        else:
            send("fault", "a message came before a run began")


if __name__ == "__main__":
    sys.exit(main())
