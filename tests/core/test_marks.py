# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks in files: what they say, that they touch no pixel and no packet, and that a changed byte is found."""

import errno
import io
import shutil
import struct
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from understudy.core.errors import OutputError
from understudy.core.filesystem import NewFiles
from understudy.core.provenance import mark_file
from understudy.core.provenance.facts import EMBEDDED, MAX_HASHES, CompositeFacts, facts_from_json
from understudy.core.provenance.isobmff import scan_movie
from understudy.core.provenance.mark_file import marked_image, scan_marks
from understudy.core.provenance.marker import FileMarker
from understudy.core.provenance.scan import FormatError
from understudy.core.provenance.settings import MarkSettings
from understudy.core.provenance.verify import CHANGED, INTACT, UNMARKED, UNREADABLE, verify_file
from understudy.core.provenance.xmp import read_packet

from tests.core.marked_files import FACTS, NAMES, make_file, mark, shown
from tests.small_disk import mount_small_disk


@pytest.fixture(scope="module")
def unmarked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unmarked")
    return {name: make_file(folder, name) for name in NAMES}


@pytest.fixture(scope="module")
def marked(tmp_path_factory, unmarked):
    folder, paths = tmp_path_factory.mktemp("marked"), {}
    for name, path in unmarked.items():
        paths[name] = folder / name
        shutil.copy(path, paths[name])
        mark(paths[name])
    return paths


@pytest.mark.parametrize("name", NAMES)
def test_a_mark_says_what_was_done_and_touches_neither_pixels_nor_packets(name, unmarked, marked):
    assert verify_file(unmarked[name]).state == UNMARKED
    verdict = verify_file(marked[name])
    assert (verdict.state, verdict.facts) == (INTACT, FACTS)
    assert shown(marked[name]) == shown(unmarked[name])
    assert scan_marks(marked[name]).content == scan_marks(unmarked[name]).content
    assert [path.name for path in marked[name].parent.iterdir() if path.name.startswith(".")] == []
    packet = scan_marks(marked[name]).packet
    assert (
        b'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/composite' in packet
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith(".tif")])
def test_a_flipped_byte_anywhere_is_found(name, marked, tmp_path, data):
    content = bytearray(marked[name].read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    changed = tmp_path / name
    changed.write_bytes(content)
    assert verify_file(changed).state != INTACT


def test_a_flipped_byte_of_the_type_of_an_exr_files_mark_is_found(marked, tmp_path):
    content = bytearray(marked["a.exr"].read_bytes())
    content[content.index(b"xmp\0string") + 4] ^= 1
    (tmp_path / "a.exr").write_bytes(content)
    assert verify_file(tmp_path / "a.exr").state != INTACT


@pytest.mark.parametrize("name", ["lzw.tif", "plain.tif"])
def test_a_flipped_byte_of_a_tiff_image_or_its_mark_is_found(name, marked, tmp_path):
    content = marked[name].read_bytes()
    for place in (200, content.index(b"understudy:Record") + 60, content.index(b"DigitalSourceType") + 90):
        changed = tmp_path / name
        changed.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert verify_file(changed).state == CHANGED


def test_a_mark_is_bound_to_its_file(marked, unmarked, tmp_path):
    other = tmp_path / "other.png"
    Image.new("RGB", (50, 64)).save(other)
    packet = scan_marks(marked["a.png"]).packet
    moved = mark_file._IMAGES[".png"][1](other.read_bytes(), packet)
    reading = read_packet(packet, mark_file._IMAGES[".png"][0](moved).content)
    assert reading.facts == FACTS
    assert not reading.is_intact


def test_xmp_that_is_there_is_kept(tmp_path):
    theirs = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/png"/>'
        "</rdf:RDF></x:xmpmeta>"
    )
    extra = PngImagePlugin.PngInfo()
    extra.add_itxt("XML:com.adobe.xmp", theirs)
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(path, pnginfo=extra)
    mark(path)
    assert verify_file(path).state == INTACT
    packet = scan_marks(path).packet
    assert b'dc:format="image/png"' in packet
    assert packet.count(b"<rdf:RDF") == packet.count(b"</rdf:RDF>") == 1
    with pytest.raises(OutputError, match="can't be added to"):  # a second mark
        mark(path)
    assert scan_marks(path).packet == packet


def test_a_jpeg_says_when_a_mark_is_too_long_for_it():
    many = CompositeFacts("Understudy", EMBEDDED, ("a" * 64,) * MAX_HASHES, ("b" * 64,) * MAX_HASHES)
    many_clips = CompositeFacts(
        "Understudy", EMBEDDED, many.source_images, many.models, ("sha256:" + "c" * 64,) * 200
    )
    data = io.BytesIO()
    Image.new("RGB", (8, 8)).save(data, "JPEG")
    assert facts_from_json(many_clips.as_json()) == many_clips
    assert len(marked_image(data.getvalue(), "a.jpg", many)) < 1 << 16


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".mp4"])
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_files_are_refused_in_words(suffix, data):
    start = {
        ".png": b"\x89PNG\r\n\x1a\n",
        ".jpg": b"\xff\xd8\xff",
        ".tif": b"II*\0",
        ".webp": b"RIFF\x30\0\0\0WEBP",
    }
    content = start.get(suffix, b"\0\0\0\x10ftyp") + data.draw(st.binary(max_size=80))
    try:
        if suffix == ".mp4":
            scan_movie(io.BytesIO(content))
        else:
            marked_image(content, "a" + suffix, FACTS)
    except (OutputError, FormatError):
        pass


def test_on_a_full_disk_a_movie_that_is_being_made_stays_as_it_is(unmarked, tmp_path):
    content = unmarked["a.mp4"].read_bytes()
    room = -(len(content) + 8) % 4096 + 8
    content += room.to_bytes(4) + b"free" + bytes(room - 8)  # its last page on the disk is full
    with mount_small_disk(tmp_path / "disk", "size=64k") as disk, NewFiles(disk) as files:
        part = files.create("a.mp4", content)
        with pytest.raises(OSError, match="No space left"):
            (disk / "rest").write_bytes(b"x" * 65_536)
        marker = FileMarker(MarkSettings(), lambda: FACTS)
        assert marker.movie(files, part, "a.mp4") == part
        assert part.read_bytes() == content
        (warning,) = marker.warnings
        assert "no space left on device" in warning


def bombs():
    deep = b""
    for _ in range(5000):
        deep = (len(deep) + 8).to_bytes(4) + b"moov" + deep
    yield "a.mp4", (16).to_bytes(4) + b"ftypisom\0\0\0\0" + deep
    yield "a.mp4", (16).to_bytes(4) + b"ftypisom\0\0\0\0" + ((8).to_bytes(4) + b"free") * (1 << 21)
    yield "a.png", b"\x89PNG\r\n\x1a\n" + bytes(12) * (1 << 21)
    yield "a.jpg", b"\xff\xd8" + b"\xff" * (1 << 22)
    # A directory whose entries all name all of the file.
    entries = b"".join(struct.pack("<HHII", tag, 1, 1 << 20, 0) for tag in range(1000, 3000))
    yield "a.tif", (b"II*\0" + struct.pack("<IH", 8, 2000) + entries + bytes(4)).ljust(1 << 20, b"\0")


@pytest.mark.parametrize(
    ("name", "content"), list(bombs()), ids=["deep", "boxes", "chunks", "fill", "entries"]
)
def test_files_that_are_made_to_be_a_burden_are_refused(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    verdict = verify_file(tmp_path / name)
    assert verdict.state == (UNMARKED if name == "a.mp4" and len(content) < 1 << 20 else UNREADABLE)


def test_an_open_last_box_gets_no_mark(tmp_path):
    path = make_file(tmp_path, "a.mp4")
    content = path.read_bytes() + b"\0\0\0\0free\0\0"
    path.write_bytes(content)
    with pytest.raises(OutputError, match="is open"):
        mark(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["a.png", "a.mp4"])
def test_what_is_behind_a_link_is_left_alone(name, unmarked, tmp_path):
    (tmp_path / name).symlink_to(unmarked[name])
    with pytest.raises(OutputError, match="it is a link"):
        mark(tmp_path / name)
    assert verify_file(unmarked[name]).state == UNMARKED


@pytest.mark.parametrize("name", ["a.png", "a.mp4"])
def test_on_a_full_disk_the_unmarked_file_stays_as_it_is(name, tmp_path):
    with mount_small_disk(tmp_path / "disk", "size=64k") as disk:
        path = make_file(tmp_path, name)
        content = path.read_bytes()
        (disk / name).write_bytes(content)
        with pytest.raises(OSError, match="No space left") as full:
            (disk / "rest").write_bytes(b"x" * 65_536)
        assert full.value.errno == errno.ENOSPC
        with pytest.raises(OutputError, match="no space left"):
            mark(disk / name)
        assert (disk / name).read_bytes() == content
        assert sorted(entry.name for entry in disk.iterdir()) == sorted((name, "rest"))


def test_a_killed_program_leaves_the_unmarked_file_or_the_marked_one(unmarked, tmp_path):
    program = f"""if True:
        import os, sys
        from pathlib import Path
        from understudy.core.provenance.facts import CompositeFacts
        from understudy.core.provenance.marker import FileMarker
        from understudy.core.provenance.settings import MarkSettings
        marker = FileMarker(MarkSettings(), lambda: CompositeFacts("Understudy", "embedded"))
        print("ready", flush=True)
        for path in sorted(Path({str(tmp_path)!r}).glob("[0-9]*")):
            marker.finished_file(path)
    """
    states = set()
    for attempt in range(6):
        paths = [tmp_path / f"{number:03}_{name}" for number in range(60) for name in ("a.png", "a.mp4")]
        for path in paths:
            shutil.copy(unmarked[path.name[4:]], path)
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
            process.stdout.read(6)
            time.sleep(0.01 * attempt)
            process.kill()
        for path in paths:
            state = verify_file(path).state
            assert state in (INTACT, UNMARKED)
            if state == UNMARKED:
                assert path.read_bytes() == unmarked[path.name[4:]].read_bytes()
            states.add(state)
    assert UNMARKED in states


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="needs exiftool")
@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith(".exr")])
def test_exiftool_reads_the_mark(name, marked):
    command = ["exiftool", "-s3", "-XMP-iptcExt:DigitalSourceType", str(marked[name])]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.strip() == FACTS.digital_source_type
