# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy models`: fetched files are checked, cut-off ones gone on with, licences accepted first."""

import argparse
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from models import stand_ins
from understudy.core.cli.arguments import parser
from understudy.core.cli.main import main
from understudy.core.cli.models import run
from understudy.core.errors import ModelError
from understudy.core.models.catalog import ModelCard, load_catalogue
from understudy.core.models.fetch import fetch

CONTENT = bytes(range(256)) * 4000
KNOWN = ModelCard(
    "embed", "sface", "net.onnx", "Net", "Nobody", "MIT", True, "https://example.org", len(CONTENT),
    hashlib.sha256(CONTENT).hexdigest(), "", "",
)  # fmt: skip


@dataclass
class Server:
    """Serves CONTENT; what it was asked for is in `ranges`."""

    url: str = ""
    ranges: list[str | None] = field(default_factory=list)
    cut_after: int = 0
    resumes: bool = True
    content: bytes = CONTENT


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            served.ranges.append(asked)
            if self.path == "/away":
                self.send_response(302)
                self.send_header("Location", "http://models.invalid/net.onnx")
                self.end_headers()
                return
            if self.path != "/net.onnx":
                self.send_error(404)
                return
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and served.resumes else 0
            self.send_response(206 if start else 200)
            if start:
                size = len(served.content)
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            body = served.content[start:]
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: served.cut_after] if served.cut_after else body)

        def log_message(self, *parts: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{httpd.server_port}"
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield served
    httpd.shutdown()
    httpd.server_close()


def ignore_progress(have: int, whole: int) -> None:
    pass


def test_a_file_comes_whole_with_progress_and_nothing_else_is_left(server: Server, tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    path = fetch(replace(KNOWN, url=f"{server.url}/net.onnx"), tmp_path, lambda *now: progress.append(now))
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.onnx"]
    assert progress[-1] == (len(CONTENT), len(CONTENT))
    assert [have for have, _ in progress] == sorted(have for have, _ in progress)


@pytest.mark.parametrize("resumes", [True, False])
def test_a_cut_off_try_is_gone_on_with(server: Server, tmp_path: Path, resumes: bool) -> None:
    known = replace(KNOWN, url=f"{server.url}/net.onnx")
    server.cut_after, server.resumes = 300_000, resumes
    with pytest.raises(ModelError, match=r"net\.onnx.*run the same command again to go on"):
        fetch(known, tmp_path, ignore_progress)
    assert not (tmp_path / "net.onnx").exists()
    server.cut_after = 0
    assert fetch(known, tmp_path, ignore_progress).read_bytes() == CONTENT
    assert server.ranges[0] is None
    assert server.ranges[1] is not None
    assert 0 < int(server.ranges[1][6:-1]) <= 300_000


def test_what_is_not_what_was_published_is_deleted(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT[:-1] + b"!"
    with pytest.raises(ModelError, match=r"net\.onnx is not what was published: its SHA-256 begins"):
        fetch(replace(KNOWN, url=f"{server.url}/net.onnx"), tmp_path, ignore_progress)
    assert list(tmp_path.iterdir()) == []


def _zip(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (_zip(net=CONTENT, other=b"code"), ""),
        (_zip(other=b"code"), r"net\.onnx has no good net"),
        (_zip(net=CONTENT[:-1] + b"!"), r"net in net\.onnx is not what was published"),
        (_zip(net=bytes(1 << 26)), r"net in net\.onnx is not what was published"),  # it is not even expanded
        (CONTENT, r"net\.onnx has no good net"),
    ],
)
def test_a_file_is_taken_out_of_the_package_that_it_is_published_in(
    server: Server, tmp_path: Path, packed: bytes, said: str
) -> None:
    server.content = packed
    digest = hashlib.sha256(packed).hexdigest()
    known = replace(
        KNOWN,
        file="taken.onnx",
        url=f"{server.url}/net.onnx",
        member="net",
        archive_size=len(packed),
        archive_sha256=digest,
    )
    if said:
        with pytest.raises(ModelError, match=said):
            fetch(known, tmp_path, ignore_progress)
        assert not (tmp_path / "taken.onnx").exists()
        return
    assert fetch(known, tmp_path, ignore_progress).read_bytes() == CONTENT
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken.onnx"]
    with pytest.raises(ModelError, match=r"net\.onnx is not what was published: its SHA-256 begins"):
        fetch(replace(known, archive_sha256="0" * 64), tmp_path, ignore_progress)


def test_no_more_than_the_known_size_is_taken(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT * 3
    with pytest.raises(ModelError, match=rf"refused: more than its {len(CONTENT)} bytes came"):
        fetch(replace(KNOWN, url=f"{server.url}/net.onnx"), tmp_path, ignore_progress)
    assert not (tmp_path / "net.onnx").exists()


def test_a_limited_licence_has_to_be_accepted(server: Server, tmp_path: Path) -> None:
    known = replace(KNOWN, url=f"{server.url}/net.onnx", commercial=False, licence="research only")
    with pytest.raises(ModelError, match=r"licence: research only\. Read it at .* with --accept-licence"):
        fetch(known, tmp_path, ignore_progress)
    assert server.ranges == []
    assert fetch(known, tmp_path, ignore_progress, accept_licence=True).is_file()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.org/net.onnx", "is refused: models are fetched by https only"),
        ("file:///etc/passwd", "is refused: models are fetched by https only"),
        ("{server}/away", "models.invalid is refused"),
        ("{server}/gone", "the server says 404"),
        ("", "can't be fetched by itself: get it from https://example.org"),
    ],
)
def test_an_address_that_will_not_do_is_said_in_one_line(
    server: Server, tmp_path: Path, url: str, said: str
) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        fetch(replace(KNOWN, url=url.format(server=server.url)), tmp_path, ignore_progress)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "net.onnx").exists()


def test_every_file_that_cant_be_fetched_says_where_its_vendor_publishes_it(tmp_path: Path) -> None:
    unfetched = [known for known in load_catalogue().models if not known.url]
    assert len(unfetched) > 10
    for known in unfetched:
        with pytest.raises(ModelError) as caught:
            fetch(known, tmp_path, ignore_progress, accept_licence=True)
        said = str(caught.value)
        assert f"get it from {known.page} and run" in said
        assert f"--family {known.role}/{known.family}" in said
        assert not known.note or known.note[1:] in said


def parse_models(*words: object) -> argparse.Namespace:
    return parser().parse_args(["models", *map(str, words)])


def test_list_add_fetch_and_verify(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, source = tmp_path / "models", tmp_path / "mine.onnx"
    stand_ins.write_recogniser(source, "arcface")
    catalogue = load_catalogue()
    catalogue = replace(catalogue, models=(*catalogue.models, replace(KNOWN, url=f"{server.url}/net.onnx")))
    do = partial(run, catalogue=catalogue)

    with pytest.raises(ModelError, match=r"mine\.onnx is not in the catalogue: say what it is with --family"):
        do(parse_models("add", source, "--folder", folder))
    with pytest.raises(ModelError, match=r"can't be used as embed/sface: .* expected the output"):
        do(parse_models("add", source, "--family", "sface", "--folder", folder))
    with pytest.raises(ModelError, match="'ghost' can be swap/ghost or convert/ghost"):
        do(parse_models("add", source, "--family", "ghost", "--folder", folder))
    assert not folder.exists()
    do(parse_models("add", source, "--family", "arcface", "--licence", 'mine "x"', "--folder", folder))
    do(parse_models("fetch", "net.onnx", "--folder", folder))
    capsys.readouterr()

    do(parse_models("list", "--folder", folder))
    listed = capsys.readouterr().out.split("published, and not here")
    assert (
        'embed/arcface              mine.onnx                            vendor not stated, mine "x", NOT'
        in listed[0]
    )
    assert "Nobody, MIT, any use of the file." in listed[0]
    assert " net.onnx" not in listed[1]
    assert "inswapper_128.onnx" in listed[1]

    assert do(parse_models("verify", "--folder", folder))
    verified = capsys.readouterr().out
    assert "net.onnx is intact: Net" in verified
    assert "blaze_face_full_192.onnx is intact" in verified
    (folder / "net.onnx").write_bytes(b"damaged")
    assert not do(parse_models("verify", "--folder", folder))
    assert "net.onnx is not what Nobody published" in capsys.readouterr().out


@pytest.mark.slow
def test_a_fault_is_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "fetch", "inswapper_128.onnx", "--folder", str(tmp_path)]) == 1
    assert main(["models", "fetch", "nothing.onnx", "--folder", str(tmp_path)]) == 1
    assert main(["models", "add", str(tmp_path / "gone.onnx"), "--folder", str(tmp_path)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("understudy: ") for line in lines)


def test_nothing_is_fetched_where_blender_stays_offline(server: Server, tmp_path: Path) -> None:
    catalogue = load_catalogue()
    catalogue = replace(catalogue, models=(*catalogue.models, replace(KNOWN, url=f"{server.url}/net.onnx")))
    arguments = parse_models("fetch", "net.onnx", "--folder", tmp_path)
    arguments.online = False
    with pytest.raises(ModelError, match="Allow Online Access"):
        run(arguments, catalogue)
    assert server.ranges == []
    assert list(tmp_path.iterdir()) == []
    arguments.online = True
    run(arguments, catalogue)
    assert len(server.ranges) == 1
