# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that prepares layer pictures beside an editor: `python -m core.worker`, asked and answering by lines.

Each line is a JSON object of one entry. In come `begin` (the run's settings), then `clip` and `cast`,
each with an `id`, and `check`, `note`, `people`, `purge` and `job`, which name them by it; at last `end`. Out go
`ready`, then `done` for each job, `progress` of a search for people, the bytes that were `freed`, `warning` and
`fault` as they arise, and at last `report`. Whoever asks keeps the input open until then. When it closes earlier they
are gone: the frame in hand may finish within a second, and the process ends.
"""

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from .errors import UnderstudyError
from .identity import Casting
from .layer_job import ClipSource, LayerJob, casting_from, source_from
from .layer_session import LayerSession
from .run_settings import settings_of_values

GRACE_SECONDS = 1.0
ORPHANED = 3
Tell = Callable[[str, object], None]


class Run:
    """The jobs of one run, done in order; what comes of them goes to `tell`."""

    def __init__(self, begin: Mapping[str, Any], tell: Tell) -> None:
        """Open the session that a `begin` describes."""
        self._tell = tell
        self._session = LayerSession(settings_of_values(begin))
        self._clips: dict[int, ClipSource] = {}
        self._castings: dict[int, tuple[Casting, ...]] = {}
        self._playable: dict[int, bool] = {}
        self._warned = 0
        self._tell("ready", os.getpid())

    def take(self, kind: str, value: Mapping[str, Any]) -> None:
        """Do what one line asks."""
        if kind == "clip":
            self._clips[value["id"]] = source_from(value)
        elif kind == "cast":
            self._castings[value["id"]] = tuple(casting_from(entry) for entry in value["castings"])
        elif kind == "check":
            self._can_play(value["strip"], value["cast"])
        elif kind == "job":
            self._do(value)
        elif kind == "people":
            self._find(value)
        elif kind == "note":
            self._note(value["strip"], value["cast"])
        elif kind == "purge":
            self._purge(value)

    def end(self) -> None:
        """Tell what was done and let go of everything."""
        report = {**self._session.as_dict(), "written": self._session.written}
        self._warn()
        self._session.close()
        self._tell("report", report)

    def _do(self, value: Mapping[str, Any]) -> None:
        cast = value["cast"]
        playable = self._can_play(value["strip"], cast)
        job = LayerJob(
            strip=value["strip"],
            frame=value["frame"],
            source=self._clips[value["clip"]],
            number=value["number"],
            picture=Path(value["picture"]),
            castings=self._castings[cast],
        )
        written = playable and self._session.bring(job)
        self._warn()
        self._tell("done", {"id": value["id"], "written": written})

    def _warn(self) -> None:
        for text in self._session.warnings[self._warned :]:
            self._tell("warning", text)
        self._warned = len(self._session.warnings)

    def _find(self, value: Mapping[str, Any]) -> None:
        """Find the people in a stretch of a clip; they are kept, for the asker to look up."""
        recipe = self._castings[value["cast"]][0].recipe
        try:
            self._session.people(
                self._clips[value["clip"]],
                value["first"],
                value["last"],
                recipe,
                lambda share: self._tell("progress", share),
            )
        except UnderstudyError as error:
            self._tell("fault", f"{value['strip']}: {error}")

    def _note(self, strip: str, cast: int) -> None:
        """Look at the pictures of who plays the part; what is seen is kept, for the asker to look up."""
        faults: dict[str, None] = {}
        for casting in self._castings[cast]:
            for picture in casting.identity.pictures:
                try:
                    self._session.note(picture)
                except UnderstudyError as error:
                    faults[str(error)] = None
        for text in faults:
            self._tell("fault", f"{strip}: {text}")

    def _purge(self, value: Mapping[str, Any]) -> None:
        clip = value["clip"]
        try:
            self._tell("freed", self._session.purge(None if clip is None else self._clips[clip]))
        except UnderstudyError as error:
            self._tell("fault", f"{value['strip']}: {error}")

    def _can_play(self, strip: str, cast: int) -> bool:
        """Tell whether castings can be played; the reason why not is told once."""
        if cast not in self._playable:
            self._playable[cast] = True
            try:
                self._session.check(self._castings[cast])
            except UnderstudyError as error:
                self._tell("fault", f"{strip}: {error}")
                self._playable[cast] = False
        return self._playable[cast]


def _read(lines: TextIO, waiting: "queue.SimpleQueue[dict[str, Any]]", gone: threading.Event) -> None:
    """Hand on every line; when they stop, see to it that the process does not outlive its asker."""
    for line in lines:
        waiting.put(json.loads(line))
    gone.set()
    waiting.put({"gone": True})
    time.sleep(GRACE_SECONDS)
    os._exit(ORPHANED)


def main() -> int:
    """Do what stdin asks until it ends; return the exit status."""
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(kind: str, value: object) -> None:
        answers.write(json.dumps({kind: value}) + "\n")
        answers.flush()

    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    gone = threading.Event()
    threading.Thread(target=_read, args=(sys.stdin, waiting, gone), daemon=True).start()
    run: Run | None = None
    while True:
        ((kind, value),) = waiting.get().items()
        if gone.is_set():
            return ORPHANED
        if kind == "begin":
            run = Run(value, tell)
        elif kind == "end":
            if run is not None:
                run.end()
            return 0
        elif run is not None:
            run.take(kind, value)


if __name__ == "__main__":
    sys.exit(main())
