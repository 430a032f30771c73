# SPDX-License-Identifier: GPL-3.0-or-later
"""Small clips over the product of what clips differ in, made by FFmpeg, and a reader of them that is not ours."""

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

FFMPEG, FFPROBE = shutil.which("ffmpeg"), shutil.which("ffprobe")
FRAMES = 8

_VIDEO_FIELDS = (
    "codec_name",
    "width",
    "height",
    "pix_fmt",
    "sample_aspect_ratio",
    "field_order",
    "color_range",
    "color_space",
    "color_transfer",
    "color_primaries",
    "chroma_location",
    "r_frame_rate",
)
_TRACK_FIELDS = ("codec_type", "codec_name")
_TRACK_TAGS = ("language", "title")
_FORMAT_TAGS = ("title", "artist", "date", "creation_time", "album", "genre")
_FRAME_FIELDS = ("interlaced_frame", "top_field_first", "color_space", "chroma_location")
_MUTE = ("-hide_banner", "-loglevel", "error", "-y")


@dataclass(frozen=True)
class Case:
    """One clip, the movie made of it, and what rightly differs."""

    name: str
    arguments: tuple[str, ...]
    """FFmpeg's, after its inputs: a test image, and a tone as the second."""
    source: str = "clip.mp4"
    output: str = "out.mp4"
    inputs: tuple[str, ...] = ()
    """More of FFmpeg's arguments, for more inputs."""
    choice: dict[str, object] = field(default_factory=dict)
    """Of `EncodingChoice`."""
    sound: str = "copy"
    changes: dict[str, object] = field(default_factory=dict)
    """Properties of the movie that are not the clip's, with what they are instead."""
    warning: str = ""
    """What is said before the first frame."""
    loss: float = 0.5
    """Most mean difference of a sample, in levels of 8 bits."""


def x264(*more: str) -> tuple[str, ...]:
    """Arguments for a clip without sound in H.264."""
    return ("-map", "0:v", "-c:v", "libx264", "-qp", "8", *more)


def x265(parameters: str, *more: str) -> tuple[str, ...]:
    """Arguments for a clip without sound in HEVC."""
    return (
        "-map",
        "0:v",
        "-c:v",
        "libx265",
        "-tag:v",
        "hvc1",
        "-x265-params",
        f"log-level=none:{parameters}",
        *more,
    )


def colours(primaries: str, transfer: str, matrix: str, value_range: str = "tv") -> tuple[str, ...]:
    """Arguments for colour tags."""
    tags = ("-color_primaries", primaries, "-color_trc", transfer, "-colorspace", matrix)
    return (*tags, "-color_range", value_range)


_HDR = ("-pix_fmt", "yuv420p10le", "-color_range", "tv")
_MASTER = (
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400"
)
_UNTAGGED = {"color_space": "smpte170m", "color_range": "tv"}
_BT709 = colours("bt709", "bt709", "bt709")
_NO_ASPECT = {"sample_aspect_ratio": None}  # Matroska has it from the video's own data or not at all
_SOUND = ("-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-qp", "8")

CASES = (
    # Colour tags
    Case("untagged", x264(), changes=_UNTAGGED),
    Case("untagged_hd", x264("-vf", "scale=1280:720"), changes=_UNTAGGED),
    *(
        Case(f"tags_{matrix}_{value_range}_{output[4:]}", x264(*colours(primaries, transfer, matrix, value_range)),
             output=output)
        for primaries, transfer, matrix in (
            ("bt709", "bt709", "bt709"),
            ("smpte170m", "smpte170m", "smpte170m"),
            ("bt470bg", "gamma28", "bt470bg"),
            ("bt709", "iec61966-2-1", "bt709"),
            ("smpte240m", "smpte240m", "smpte240m"),
            ("bt2020", "bt2020-10", "bt2020nc"),
        )
        for value_range in ("tv", "pc")
        for output in ("out.mp4", "out.mov", "out.mkv")
    ),
    Case("chroma_topleft", x264(*_BT709, "-chroma_sample_location", "topleft")),
    Case("chroma_center", x264(*_BT709, "-chroma_sample_location", "center")),
    # Depth and chroma
    *(
        Case(f"format_{name}_{output[4:]}", x264(*_BT709, "-pix_fmt", name), output=output)
        for name in ("yuv422p", "yuv444p")
        for output in ("out.mp4", "out.mkv")
    ),
    Case("format_gray", x264(*_BT709, "-pix_fmt", "gray"), changes=_UNTAGGED),
    *(
        Case(f"depth_{name}_{output[4:]}", x265("", "-pix_fmt", name, *_BT709), output=output)
        for name in ("yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv420p12le")
        for output in ("out.mp4", "out.mkv")
    ),
    Case("h264_10_bits", x264(*_BT709, "-pix_fmt", "yuv420p10le"), choice={"codec": "h264"}),
    Case("to_8_bits", x264(*_BT709, "-pix_fmt", "yuv420p10le"), choice={"pixel_format": "yuv420p"},
         changes={"pix_fmt": "yuv420p", "codec_name": "hevc"}, warning="10 bits become 8", loss=1),
    *(
        Case(f"prores_{name}",
             ("-map", "0:v", "-c:v", "prores_ks", "-pix_fmt", name, "-vf",
              "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"),
             source="clip.mov", output="out.mov", warning=warning)
        for name, warning in (("yuv422p10le", ""), ("yuv444p10le", "12 bits become 10"))
    ),
    *(
        Case(f"ffv1_{name}", ("-map", "0:v", "-c:v", "ffv1", "-pix_fmt", name, *_BT709),
             source="clip.mkv", output="out.mkv", loss=0, changes=_NO_ASPECT)
        for name in ("yuv420p", "yuv422p", "yuv444p16le", "yuv420p10le")
    ),
    Case("ffv1_of_h264", x264(*_BT709), output="out.mkv", choice={"codec": "ffv1"}, loss=0,
         changes={"codec_name": "ffv1", **_NO_ASPECT}),
    Case("ffv1_sar_mkv", x264("-vf", "setsar=64/45", *_BT709), output="out.mkv", choice={"codec": "ffv1"}, loss=0,
         changes={"codec_name": "ffv1", **_NO_ASPECT}, warning="use --codec"),
    Case("av1", x264(*_BT709), output="out.webm", changes={"codec_name": "av1"}),
    Case("av1_of_444", x264(*_BT709, "-pix_fmt", "yuv444p"), output="out.webm", warning="chroma detail is halved",
         changes={"codec_name": "av1", "pix_fmt": "yuv420p", "chroma_location": "left",
                  "frames": [("0", "0", "bt709", "left")]}, loss=2),
    # HDR
    *(
        Case(f"hdr_{transfer}_{output[4:]}",
             x265(f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc:chromaloc=2:{_MASTER}", *_HDR),
             output=output)
        for transfer in ("smpte2084", "arib-std-b67")
        for output in ("out.mp4", "out.mov", "out.mkv")
    ),
    # Shape and fields
    *(
        Case(f"sar_{ratio.replace('/', '_')}_{output[4:]}", x264("-vf", f"setsar={ratio}", *_BT709), output=output)
        for ratio in ("64/45", "8/9", "4/3")
        for output in ("out.mp4", "out.mov", "out.mkv")
    ),
    *(
        Case(f"fields_{order}_{output[4:]}",
             x264("-vf", f"setfield={order}", "-flags", "+ildct+ilme",
                  *(("-x264-params", "bff=1") if order == "bff" else ()), *_BT709), output=output)
        for order in ("tff", "bff")
        for output in ("out.mp4", "out.mkv")
    ),
    *(
        Case(f"fields_{order}_{codec}_{output[4:]}",
             x264("-vf", f"setfield={order}", "-flags", "+ildct+ilme",
                  *(("-x264-params", "bff=1") if order == "bff" else ()), *_BT709), output=output,
             choice={"codec": codec}, warning="codes the clip's fields as whole images",
             changes={"codec_name": codec, "frames": [("0", "0", "bt709", "left")],
                      **({} if output != "out.webm" else {"field_order": None})})
        for order in ("tff", "bff")
        for codec, output in (("hevc", "out.mp4"), ("hevc", "out.mkv"), ("av1", "out.mp4"), ("av1", "out.webm"))
    ),
    # Rates
    *(
        Case(f"rate_{rate.replace('/', '_')}", x264("-r", rate, *_BT709))
        for rate in ("24000/1001", "25", "30000/1001", "60", "12")
    ),
    Case("variable_rate", x264("-vf", "select='not(eq(n,3))*not(eq(n,4))'", "-vsync", "vfr", *_BT709)),
)  # fmt: skip


def make(case: Case, folder: Path) -> Path:
    """Make a case's clip and return it."""
    path = folder / case.source
    image = f"testsrc2=size=96x64:rate=25:duration={FRAMES / 25},format=yuv444p,gblur=2"
    command = [FFMPEG, *_MUTE, "-f", "lavfi", "-i", image, "-f", "lavfi", "-i", "sine=440:duration=1", *case.inputs,
               "-pix_fmt", "yuv420p",
               *case.arguments, str(path)]  # fmt: skip
    subprocess.run(command, check=True, timeout=300)
    return path


def probe(path: Path, *arguments: str) -> dict:
    """Return what ffprobe says of a file."""
    command = [FFPROBE, "-hide_banner", "-loglevel", "error", "-of", "json", *arguments, str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=300).stdout)


def video_properties(path: Path) -> dict:
    """Return all that a movie says of its video, and when its images are shown."""
    stream = probe(path, "-select_streams", "v:0", "-show_streams")["streams"][0]
    frames = probe(path, "-select_streams", "v:0", "-show_frames")["frames"]
    said = {name: stream.get(name) for name in _VIDEO_FIELDS}
    said["times"] = [round(float(frame["pts_time"]), 3) for frame in frames]
    said["frames"] = sorted({tuple(str(frame.get(name)) for name in _FRAME_FIELDS) for frame in frames})
    said["side data"] = sorted(
        json.dumps(data, sort_keys=True)
        for data in [*frames[0].get("side_data_list", ()), *stream.get("side_data_list", ())]
        if data["side_data_type"]
        in ("Mastering display metadata", "Content light level metadata", "Display Matrix")
    )
    return said


def tracks(path: Path) -> list[dict]:
    """Return what a movie says of its other tracks, and the hashes of their packets."""
    streams = probe(path, "-show_streams", "-show_packets", "-show_data_hash", "md5")
    packets = streams.get("packets", [])
    return [
        {name: stream.get(name) for name in _TRACK_FIELDS}
        | {name: stream.get("tags", {}).get(name) for name in _TRACK_TAGS}
        | {name: value for name, value in stream["disposition"].items() if value}
        | {
            "packets": [
                packet["data_hash"] for packet in packets if packet["stream_index"] == stream["index"]
            ]
        }
        for stream in streams["streams"]
        if stream["codec_type"] not in ("video", "data")
    ]


def tags(path: Path) -> dict[str, str]:
    """Return a movie's own tags and its chapters."""
    said = probe(path, "-show_format", "-show_chapters")
    format_tags = {name.lower(): value for name, value in said["format"].get("tags", {}).items()}
    chapters = [(c["start_time"], c["end_time"], c.get("tags", {}).get("title")) for c in said["chapters"]]
    return {name: format_tags.get(name) for name in _FORMAT_TAGS} | {"chapters": chapters}


def shown_texts(path: Path) -> list[tuple[str, float]]:
    """Return a movie's subtitles, with the seconds at which they are shown."""
    command = [FFMPEG, *_MUTE, "-i", str(path), "-map", "0:s:0", "-f", "srt", "-"]
    written = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    shown = []
    for block in filter(None, written.split("\n\n")):
        _, times, text = block.strip().split("\n", 2)
        hours, minutes, seconds = times.split(" --> ")[0].replace(",", ".").split(":")
        shown.append((text, int(hours) * 3600 + int(minutes) * 60 + float(seconds)))
    return shown


def samples(path: Path, pixel_format: str) -> np.ndarray:
    """Return the samples of all images of a movie, decoded by FFmpeg, in levels of 8 bits."""
    command = [FFMPEG, *_MUTE, "-i", str(path), "-map", "0:v:0", "-vsync", "passthrough",
               "-pix_fmt", pixel_format, "-f", "rawvideo", "-"]  # fmt: skip
    data = subprocess.run(command, check=True, capture_output=True, timeout=300).stdout
    bits = next((int(bits) for bits in ("10", "12", "16") if pixel_format.endswith(f"{bits}le")), 8)
    return np.frombuffer(data, np.uint8 if bits == 8 else np.uint16) / 2.0 ** (bits - 8)
