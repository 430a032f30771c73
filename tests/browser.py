# SPDX-License-Identifier: GPL-3.0-or-later
"""A page in headless Chromium: what it requests, what it says on the console, and how it is laid out."""

import base64
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_TIMEOUT_SECONDS = 60
_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--mute-audio",
    "--remote-debugging-pipe",
)  # fmt: skip


class Browser:
    """One tab, steered by Chromium's debugging protocol over a pair of pipes."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = os.fdopen(commands, "wb"), os.fdopen(answers, "rb")
        self._last, self._session, self._rest = 0, "", b""
        self.events: list[dict[str, Any]] = []
        """What the tab told since it was opened."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        self._commands.close()
        self._answers.close()

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        """Return the answer to a command of the protocol."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": values}
        if self._session:
            message["sessionId"] = self._session
        self._commands.write(json.dumps(message).encode() + b"\0")
        self._commands.flush()
        while (answer := self._receive()).get("id") != self._last:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, page: Path, width: int, height: int = 900) -> None:
        """Show a page in a window of this size."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._receive())

    def evaluate(self, expression: str) -> Any:
        """Return what an expression is in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def point_at(self, selector: str) -> None:
        """Move the pointer over the middle of an element."""
        box = self.evaluate(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect(); "
            f"return [b.x + b.width / 2, b.y + b.height / 2] }})(document.querySelector({selector!r}))"
        )
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])

    def screenshot(self, *, whole: bool = False) -> bytes:
        """Return what is shown, or all of the page, as PNG."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])

    def requests(self) -> list[str]:
        """Return what the page requested, itself included."""
        sent = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def complaints(self) -> list[object]:
        """Return what the console says: errors, warnings, and what the page's policy refused."""
        names = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [event["params"] for event in self.events if event.get("method") in names]

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            piece = os.read(self._answers.fileno(), 1 << 16)
            assert piece, "Chromium ended"
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


@contextmanager
def open_browser(folder: Path) -> Iterator[Browser]:
    """Yield Chromium with a profile of its own in a folder; it ends with the block, or after a minute."""
    assert PROGRAM
    from_us, ours = os.pipe()
    theirs, to_us = os.pipe()
    line = f'exec "$@" 3<&{from_us} 4>&{to_us}'
    command = ["bash", "-c", line, "chromium", PROGRAM, *_OPTIONS, f"--user-data-dir={folder}"]
    environment = {**os.environ, "HOME": str(folder)}
    process = subprocess.Popen(
        command,
        pass_fds=(from_us, to_us),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=environment,
    )
    os.close(from_us)
    os.close(to_us)
    watch = threading.Timer(_TIMEOUT_SECONDS, process.kill)
    watch.start()
    try:
        browser = Browser(ours, theirs)
        try:
            yield browser
        finally:
            browser.close()
    finally:
        watch.cancel()
        process.kill()
        process.wait()
