# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of models that answers anything, as slowly as it likes, and what someone left where files are put."""

import os
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hostile.model_server import CONTENT, DRIPS, HEADERS, WHOLE_ANSWER, Answer, Server, drip, ignore_progress
from understudy.core.errors import ModelError, OutputError
from understudy.core.models.catalog import ModelCard
from understudy.core.models.download import Download, DownloadError
from understudy.core.models.fetch import fetch

Count = Callable[[str], None]

KNOWN = ModelCard(
    "embed", "sface", "net.onnx", "Net", "Nobody", "MIT", True, "https://example.org", len(CONTENT),
    sha256(CONTENT).hexdigest(), "", "",
)  # fmt: skip

PART_FILE_NAME = f".net.onnx.{KNOWN.sha256[:8]}.part"
SECONDS = 60  # of a busy machine: what drips would go on for ever


@pytest.fixture
def server() -> Iterator[Server]:
    with closing(Server()) as server:
        yield server


@pytest.mark.parametrize("kind", DRIPS)
def test_a_server_that_drips_is_left(kind: str, server: Server, dashboard: Count) -> None:
    dashboard("inputs")
    begin, piece = DRIPS[kind]
    server.answer = lambda connection: (
        connection.sendall(begin),
        drip(connection, piece) if piece else time.sleep(600),
    )
    began = time.monotonic()
    with pytest.raises(DownloadError, match="the server sent less than 64 KB in 1 s"):
        _read(server.url)
    assert time.monotonic() - began < SECONDS


def _read(url: str, span_seconds: float = 1.0) -> int:
    with closing(Download(url, 0, span_seconds=span_seconds)) as download:
        return sum(map(len, download.chunks()))


def test_a_server_that_drips_redirects_is_left(server: Server, dashboard: Count) -> None:
    dashboard("inputs")

    def answer(connection: socket.socket) -> None:
        time.sleep(0.3)
        address = f"{server.url}?{len(server.requests)}"
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {address}\r\nContent-Length: 0\r\n\r\n".encode())

    server.answer = answer
    with pytest.raises(DownloadError, match="less than 64 KB in 1 s"):
        Download(server.url, 0, span_seconds=1.0)


def test_a_slow_line_is_waited_for(server: Server) -> None:
    """So that the above ends what is bad and not what is slow."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(HEADERS + b"Content-Length: 800000\r\n\r\n")
        for _ in range(8):
            time.sleep(0.3)
            connection.sendall(bytes(100_000))

    server.answer = answer
    assert _read(server.url, span_seconds=2.0) == 800_000


@pytest.fixture
def encrypted(server: Server, tmp_path: Path) -> tuple[Server, Path]:
    """The same server with a certificate of its own, which lies in a file."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    more = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run([*words.split(), *more], check=True, capture_output=True)
    except OSError:
        pytest.skip("there is no openssl here")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.context = context
    server.url = server.url.replace("http://127.0.0.1", "https://localhost")
    return server, certificate


def test_a_server_with_a_certificate_is_read_and_one_that_nobody_vouches_for_is_not(
    encrypted: tuple[Server, Path], monkeypatch: pytest.MonkeyPatch, dashboard: Count
) -> None:
    dashboard("inputs")
    server, certificate = encrypted
    with pytest.raises(DownloadError, match="CERTIFICATE_VERIFY_FAILED"):
        _read(server.url)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert _read(server.url) == len(CONTENT)


@pytest.mark.parametrize("kind", ["handshake", "body"])
def test_a_server_that_drips_behind_encryption_is_left(
    kind: str, encrypted: tuple[Server, Path], monkeypatch: pytest.MonkeyPatch, dashboard: Count
) -> None:
    dashboard("inputs")
    server, certificate = encrypted
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    if kind == "handshake":
        server.context = None
        # A record of 16 KB, which never comes whole.
        server.answer = lambda connection: (
            connection.sendall(b"\x16\x03\x03\x3f\xff"),
            drip(connection, b"\2"),
        )
    else:
        server.answer = lambda connection: (connection.sendall(HEADERS + b"\r\n"), drip(connection, b"x"))
    with pytest.raises(DownloadError, match="less than 64 KB in 1 s"):
        _read(server.url)


def _make_answer(head: str, body: bytes = CONTENT) -> Answer:
    return lambda connection: connection.sendall(
        head.replace("\n", "\r\n").encode("latin-1") + b"\r\n" + body
    )


FAILING_ANSWERS: dict[str, Answer] = {
    "no HTTP": _make_answer("hello\n"),
    "nothing": lambda connection: None,
    "an escape as status": _make_answer("HTTP/1.1 \x1b[2J\n"),
    "an escape as reason": _make_answer("HTTP/1.1 500 \x1b[2Jgone\x07\n", b""),
    "a line break as reason": _make_answer("HTTP/1.1 500 a\x85b\x9bc\n", b""),
    "a huge status line": lambda connection: connection.sendall(b"HTTP/1.1 200 " + b"x" * (1 << 20)),
    "a million headers": _make_answer("HTTP/1.1 200 OK\n" + "X: y\n" * 1_000_000),
    "a huge header": lambda connection: connection.sendall(HEADERS + b"X: " + b"x" * (1 << 20)),
    "too much": _make_answer("HTTP/1.1 200 OK\n", CONTENT * 2),
    "too little": _make_answer("HTTP/1.1 200 OK\n", CONTENT[:1000]),
    "something else": _make_answer("HTTP/1.1 200 OK\n", CONTENT[::-1]),
    "too large a size": _make_answer(f"HTTP/1.1 200 OK\nContent-Length: {10**30}\n", CONTENT[:1000]),
    "a size below 0": _make_answer("HTTP/1.1 200 OK\nContent-Length: -5\n", b""),
    "no number as chunk": _make_answer("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n", b"zz\r\n"),
    "a chunk below 0": _make_answer("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n", b"-5\r\nxxxxx\r\n"),
    "a huge chunk": _make_answer("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n", b"f" * 30 + b"\r\nx"),
    "a redirect without an address": _make_answer("HTTP/1.1 302 Found\n", b""),
    "a redirect to no address": _make_answer("HTTP/1.1 302 Found\nLocation: http://[bad\n", b""),
    "a redirect to no port": _make_answer("HTTP/1.1 302 Found\nLocation: http://localhost:xyz/\n", b""),
    "a redirect to an escape": _make_answer("HTTP/1.1 302 Found\nLocation: http://\x1b[2J.example/\n", b""),
    "a redirect to a file": _make_answer("HTTP/1.1 302 Found\nLocation: file:///etc/passwd\n", b""),
    "a redirect to an open line": _make_answer("HTTP/1.1 302 Found\nLocation: http://example.org/\n", b""),
    "a redirect to itself": _make_answer("HTTP/1.1 302 Found\nLocation: /net.onnx\nContent-Length: 0\n", b""),
    "a wish for a password": _make_answer("HTTP/1.1 401 No\nWWW-Authenticate: Basic realm=\x1b[2J\n", b""),
}


@pytest.mark.parametrize("kind", FAILING_ANSWERS)
def test_a_wrong_answer_is_an_error_in_one_line(
    kind: str, server: Server, tmp_path: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    server.answer = FAILING_ANSWERS[kind]
    began = time.monotonic()
    with pytest.raises(ModelError) as caught:
        fetch(replace(KNOWN, url=server.url), tmp_path, ignore_progress)
    said = str(caught.value)
    assert said.isprintable()
    assert len(said) < 600
    assert time.monotonic() - began < SECONDS
    assert [path.name for path in tmp_path.iterdir()] in ([], [PART_FILE_NAME])
    # And a good answer is taken afterwards.
    server.answer = lambda connection: connection.sendall(WHOLE_ANSWER)
    assert fetch(replace(KNOWN, url=server.url), tmp_path, ignore_progress).read_bytes() == CONTENT


RANGES = (
    "",
    "bytes 5-9/10",
    "bytes -1-9/10",
    "bytes 9999999999999999999999-1/2",
    "bytes */10",
    "\x1b",
    "bytes x-",
)


@pytest.mark.parametrize("text", RANGES)
def test_a_server_that_goes_on_elsewhere_sends_the_whole_file(
    text: str, server: Server, tmp_path: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    (tmp_path / PART_FILE_NAME).write_bytes(CONTENT[:1000])
    server.answer = _make_answer(f"HTTP/1.1 206 Partial\nContent-Range: {text}\n")
    assert fetch(replace(KNOWN, url=server.url), tmp_path, ignore_progress).read_bytes() == CONTENT
    assert b"Range: bytes=1000-" in server.requests[0]


def _hard_link(part: Path, victim: Path) -> None:
    os.link(victim, part)


PARTS: dict[str, Callable[[Path, Path], object]] = {
    "a link": lambda part, victim: part.symlink_to(victim),
    "a link to nothing": lambda part, victim: part.symlink_to(victim.with_name("new")),
    "a second name": _hard_link,
    "a pipe": lambda part, victim: os.mkfifo(part),
    "a device": lambda part, victim: part.symlink_to("/dev/full"),
    "longer than the file": lambda part, victim: part.write_bytes(bytes(len(CONTENT) + 1)),
    "as long as the file, and another": lambda part, victim: part.write_bytes(bytes(len(CONTENT))),
}


@pytest.mark.parametrize("kind", PARTS)
def test_what_lies_where_a_download_goes_is_not_written_to(
    kind: str, server: Server, tmp_path: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    victim, folder = tmp_path / "victim", tmp_path / "models"
    victim.write_bytes(b"the user's own")
    folder.mkdir()
    PARTS[kind](folder / PART_FILE_NAME, victim)
    known = replace(KNOWN, url=server.url)
    with suppress(ModelError):  # what was cut off may be anything: it is deleted, and said
        fetch(known, folder, ignore_progress)
    assert fetch(known, folder, ignore_progress).read_bytes() == CONTENT
    assert victim.read_bytes() == b"the user's own"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models", "victim"]
    assert [path.name for path in folder.iterdir()] == ["net.onnx"]


def test_a_file_comes_in_place_of_a_link_and_not_through_it(
    server: Server, tmp_path: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    (tmp_path / "victim").write_bytes(b"the user's own")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "net.onnx").symlink_to(tmp_path / "victim")
    path = fetch(replace(KNOWN, url=server.url), tmp_path / "models", ignore_progress)
    assert not path.is_symlink()
    assert (tmp_path / "victim").read_bytes() == b"the user's own"


def test_nothing_is_fetched_into_a_folder_that_everybody_may_write_to(
    server: Server, tmp_path: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    tmp_path.chmod(0o777)
    with pytest.raises(OutputError, match="everybody may write to"):
        fetch(replace(KNOWN, url=server.url), tmp_path, ignore_progress)
    assert server.requests == []
    assert list(tmp_path.iterdir()) == []
