# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures and movies of few bytes that claim, or decode to, very many. Made by hand, each in milliseconds."""

import struct
import zlib

import av

HEAD = b"\x89PNG\r\n\x1a\n"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, bits=8, colour=2, extra=b"", rows=None):
    """A black picture, or one that ends after some rows."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = bytes(1 + (width * samples * bits + 7) // 8)
    packer = zlib.compressobj(9)
    data = [packer.compress(row) for _ in range(height if rows is None else rows)]
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    body = chunk(b"IDAT", b"".join([*data, packer.flush()]))
    return HEAD + chunk(b"IHDR", header) + extra + body + chunk(b"IEND", b"")


def texts(count, size):
    """Compressed texts that swell to `size` bytes each."""
    packed = zlib.compress(bytes(size), 9)
    return b"".join(chunk(b"zTXt", b"k%d\0\0" % number + packed) for number in range(count))


def jpeg(width, height, frame=0xC2, scans=1):
    """A JPEG file of empty scans."""

    def segment(code, data):
        return struct.pack(">BBH", 0xFF, code, len(data) + 2) + data

    parts = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    tables = segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC4, b"\0" + bytes([1]) + bytes(15) + b"\0")
    tables += segment(0xC4, b"\x10" + bytes([1]) + bytes(15) + b"\xe0")
    head = segment(frame, struct.pack(">BHHB", 8, height, width, 3) + parts)
    scan = segment(0xDA, b"\3" + b"".join(bytes([number, 0]) for number in (1, 2, 3)) + b"\0\0\0") + b"\0" * 8
    return b"\xff\xd8" + tables + head + scan * scans + b"\xff\xd9"


def tiff(tags, order="<", big=False):
    """A TIFF file of one directory and no pixels to speak of; tags by number, values as LONG."""
    mark = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    if big:
        rows = b"".join(
            struct.pack(order + "HHQII", tag, 4, 1, value, 0) for tag, value in sorted(tags.items())
        )
        return mark + struct.pack(order + "HHQQ", 8, 0, 16, len(tags)) + rows + bytes(8) + bytes(64)
    rows = b"".join(struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return mark + struct.pack(order + "IH", 8, len(tags)) + rows + bytes(4) + bytes(64)


def bmp(width, height, bits=24):
    return (
        b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 1000, 0, 0, 54, 40, width, height, 1, bits, *[0] * 6)
        + bytes(64)
    )


def dpx(width, height):
    """A DPX file of 16 bits without its lines."""
    header = bytearray(4096)
    struct.pack_into(">4sI", header, 0, b"SDPX", 2048)
    struct.pack_into(">HHII", header, 768, 0, 1, width, height)
    struct.pack_into(">4BHHI", header, 800, 50, 2, 2, 16, 0, 0, 2048)
    return bytes(header)


def exr(width, height, names=()):
    """An OpenEXR file of floats with these channels beside R, G and B, without its lines."""
    names = sorted((*names, b"B", b"G", b"R"))
    channels = b"".join(name + b"\0" + struct.pack("<iIii", 2, 0, 1, 1) for name in names)
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    header = b"\x76\x2f\x31\x01" + struct.pack("<I", 2)
    for name, kind, value in (
        (b"channels", b"chlist", channels + b"\0"),
        (b"compression", b"compression", b"\3" if not names[3:] else b"\x09"),
        (b"dataWindow", b"box2i", window),
        (b"displayWindow", b"box2i", window),
        (b"lineOrder", b"lineOrder", b"\0"),
        (b"pixelAspectRatio", b"float", struct.pack("<f", 1)),
        (b"screenWindowCenter", b"v2f", bytes(8)),
        (b"screenWindowWidth", b"float", struct.pack("<f", 1)),
    ):
        header += name + b"\0" + kind + b"\0" + struct.pack("<i", len(value)) + value
    return header + bytes(4096)


def webp(kind, width, height, moving=False):
    if kind == b"VP8 ":
        data = b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height)
    elif kind == b"VP8L":
        data = struct.pack("<BI", 0x2F, width - 1 | height - 1 << 14)
    else:
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        data = bytes([2 if moving else 0, 0, 0, 0]) + sides
    data += bytes(64)
    return b"RIFF" + struct.pack("<I", 12 + len(data)) + b"WEBP" + kind + struct.pack("<I", len(data)) + data


def movie(path, width=64, height=48, frames=5, codec="libx264", pixels="yuv420p", options=None):
    """A movie of black frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        frame = av.VideoFrame(width, height, pixels)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for number in range(frames):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def gif(width, height):
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return b"GIF89a" + screen + b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\2\2\x44\1\0\x3b"
