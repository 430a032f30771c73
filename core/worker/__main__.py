# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that prepares layer pictures beside an editor: `python -m core.worker`, asked and answering by lines.

Each line is a JSON object of one entry. In come `begin` (the run's settings), then `clip` and `cast`,
each with an `id`, and `check`, `note`, `people`, `purge` and `job`, which name them by it; at last `end`. Out go
`ready`, then `done` for each job, `progress` of a search for people, the bytes that were `freed`, `warning` and
`fault` as they arise, and at last `report`. Whoever asks keeps the input open until then. When it closes earlier they
are gone: the frame in hand may finish within a second, and the process ends. A message that has not the form it should
have is answered by a `fault` and passed over; without a right `begin` the process ends.
"""

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

from ..errors import MessageError, RecipeError, UnderstudyError
from ..layers.job import casting_from, job_from, named, source_from
from ..media.source import ClipSource
from ..recipe import messages
from ..recipe.request import Casting
from ..sessions.layer_session import LayerSession
from ..sessions.settings import settings_of_values

GRACE_SECONDS = 1.0
ORPHANED = 3
MALFORMED = 2
_MOST_FRAME = 10**9 - 1
_MOST_CASTINGS = 1000
_MOST_KIND = 40
_BAD = ""
"""The kind of a message that could not be read; its value says why."""
Tell = Callable[[str, object], None]


class Run:
    """The jobs of one run, done in order; what comes of them goes to `tell`."""

    def __init__(self, begin: object, tell: Tell) -> None:
        """Open the session that a `begin` describes. Raises MessageError."""
        self._tell = tell
        self._session = LayerSession(settings_of_values(begin))
        self._clips: dict[int, ClipSource] = {}
        self._castings: dict[int, tuple[Casting, ...]] = {}
        self._playable: dict[int, bool] = {}
        self._warned = 0
        self._tell("ready", os.getpid())

    def take(self, kind: str, value: object) -> None:
        """Do what one line asks; a `fault` tells where it has not the form it should have."""
        given: Mapping[str, Any] = value if isinstance(value, dict) else {}
        try:
            self._take(kind, given)
        except (MessageError, RecipeError) as error:
            self._tell("fault", f"a message of the kind {kind[:_MOST_KIND]!r} is passed over: {error}")
            number = given.get("id")
            if kind == "job" and isinstance(number, int):
                # Whoever asked would wait for it.
                self._tell("done", {"id": number, "written": False})

    def _take(self, kind: str, value: Mapping[str, Any]) -> None:
        if kind == "clip":
            self._clips[messages.whole(value.get("id"))] = source_from(value)
        elif kind == "cast":
            given = messages.entries(value, "id", "castings")
            castings = messages.listing(given["castings"], casting_from, _MOST_CASTINGS)
            self._castings[messages.whole(given["id"])] = castings
        elif kind == "check":
            given = messages.entries(value, "strip", "cast")
            self._can_play(messages.text(given["strip"]), given["cast"])
        elif kind == "job":
            self._do(value)
        elif kind == "people":
            self._find(messages.entries(value, "strip", "clip", "cast", "first", "last"))
        elif kind == "note":
            given = messages.entries(value, "strip", "cast")
            self._note(messages.text(given["strip"]), given["cast"])
        elif kind == "purge":
            self._purge(messages.entries(value, "strip", "clip"))
        else:
            raise MessageError("there is no such kind")

    def end(self) -> None:
        """Tell what was done and let go of everything."""
        report = {**self._session.as_dict(), "written": self._session.written}
        self._warn()
        self._session.close()
        self._tell("report", report)

    def _do(self, value: Mapping[str, Any]) -> None:
        job = job_from(value, self._clips, self._castings)
        number = messages.whole(value["id"])
        written = self._can_play(job.strip, value["cast"]) and self._session.bring(job)
        self._warn()
        self._tell("done", {"id": number, "written": written})

    def _warn(self) -> None:
        for text in self._session.warnings[self._warned :]:
            self._tell("warning", text)
        self._warned = len(self._session.warnings)

    def _find(self, value: Mapping[str, Any]) -> None:
        """Find the people in a stretch of a clip; they are kept, for the asker to look up."""
        strip, clip = messages.text(value["strip"]), named(self._clips, value["clip"], "clip")
        castings = named(self._castings, value["cast"], "cast")
        if not castings:
            raise MessageError("a search takes a casting's recipe")
        first, last = (messages.whole(value[name], 0, _MOST_FRAME) for name in ("first", "last"))
        try:
            self._session.people(
                clip,
                first,
                last,
                castings[0].recipe,
                lambda share: self._tell("progress", share),
            )
        except UnderstudyError as error:
            self._tell("fault", f"{strip}: {error}")

    def _note(self, strip: str, cast: object) -> None:
        """Look at the pictures of who plays the part; what is seen is kept, for the asker to look up."""
        faults: dict[str, None] = {}
        for casting in named(self._castings, cast, "cast"):
            for picture in casting.identity.pictures:
                try:
                    self._session.note(picture)
                except UnderstudyError as error:
                    faults[str(error)] = None
        for text in faults:
            self._tell("fault", f"{strip}: {text}")

    def _purge(self, value: Mapping[str, Any]) -> None:
        strip, clip = messages.text(value["strip"]), value["clip"]
        source = None if clip is None else named(self._clips, clip, "clip")
        try:
            self._tell("freed", self._session.purge(source))
        except UnderstudyError as error:
            self._tell("fault", f"{strip}: {error}")

    def _can_play(self, strip: str, cast: object) -> bool:
        """Tell whether castings can be played; the reason why not is told once."""
        castings, number = named(self._castings, cast, "cast"), messages.whole(cast)
        if number not in self._playable:
            self._playable[number] = True
            try:
                self._session.check(castings)
            except UnderstudyError as error:
                self._tell("fault", f"{strip}: {error}")
                self._playable[number] = False
        return self._playable[number]


Message = tuple[str, Any]


def _read(lines: BinaryIO, waiting: "queue.SimpleQueue[Message]", gone: threading.Event) -> None:
    """Hand on every line; when they stop, see to it that the process does not outlive its asker."""
    for line in _lines(lines):
        try:
            waiting.put(messages.parsed(line))
        except MessageError as error:
            waiting.put((_BAD, str(error)))
    gone.set()
    waiting.put((_BAD, "gone"))
    time.sleep(GRACE_SECONDS)
    os._exit(ORPHANED)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file; of one that is too long as much as shows that."""
    while line := file.readline(messages.MOST_LINE):
        rest = line
        while len(rest) == messages.MOST_LINE and not rest.endswith(b"\n"):
            rest = file.readline(messages.MOST_LINE)
            line = b"too long"
        yield line


def main() -> int:
    """Do what stdin asks until it ends; return the exit status."""
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(kind: str, value: object) -> None:
        answers.write(json.dumps({kind: value}) + "\n")
        answers.flush()

    waiting: queue.SimpleQueue[Message] = queue.SimpleQueue()
    gone = threading.Event()
    # A file of its own: Python closes its own when it ends, and would wait for the thread that reads it.
    lines = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    threading.Thread(target=_read, args=(lines, waiting, gone), daemon=True).start()
    run: Run | None = None
    while True:
        kind, value = waiting.get()
        if gone.is_set():
            return ORPHANED
        if kind == _BAD:
            tell("fault", value)
        elif kind == "begin" and run is None:
            try:
                run = Run(value, tell)
            except MessageError as error:
                tell("fault", f"can't begin: {error}")
                sys.stderr.write(f"can't begin: {error}\n")
                return MALFORMED
        elif kind == "end":
            if run is not None:
                run.end()
            return 0
        elif run is not None:
            run.take(kind, value)
        else:
            tell("fault", "a message came before a run began")


if __name__ == "__main__":
    sys.exit(main())
