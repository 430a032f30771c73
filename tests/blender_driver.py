# SPDX-License-Identifier: GPL-3.0-or-later
"""A made clip with a real face, and a Blender in a process of its own that does what a test asks."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from blenders import Module

DRIVE = Path(__file__).parent / "addon" / "scripts" / "drive.py"
SIZE = (320, 240)
COUNT = 12
TIMEOUT_SECONDS = 600
BLOCK = SIZE[0] // 8


def _astronaut():
    """NASA's portrait of Eileen Collins (public domain), (512, 512, 3) RGB, from scikit-image or ../shared."""
    try:
        from skimage import data
    except ImportError:
        portraits = Path(__file__).resolve().parents[2] / "shared" / "footage" / "portraits"
        path = portraits / "p01_astronaut_eileen_collins_512.png"
        if not path.is_file():
            pytest.skip("neither scikit-image nor ../shared is there: no picture of a face")
        return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])
    return np.asarray(data.astronaut())


def draw_numbered_face(portrait, number):
    """(240, 320, 3) RGB: a face that moves 4 pixels a frame, and the frame's number in 8 blocks on top."""
    width, height = SIZE
    ys, xs = np.mgrid[0:height, 0:width]
    picture = np.stack([xs * 200 // width, ys * 200 // height, np.full_like(xs, 90)], 2).astype(np.uint8)
    face = cv2.resize(np.ascontiguousarray(portrait[0:280, 90:370]), (200, 200), interpolation=cv2.INTER_AREA)
    left = 20 + 4 * number
    picture[36:236, left : left + 200] = face
    for bit in range(8):
        picture[:24, bit * BLOCK : (bit + 1) * BLOCK] = 255 if number >> bit & 1 else 0
    return picture


class Footage:
    """Files for the tests: a movie, its frames as pictures, and pictures of people."""

    def __init__(self, folder):
        self.folder = folder
        portrait = _astronaut()
        self.frames = [draw_numbered_face(portrait, number) for number in range(COUNT)]
        self.movie = str(self.movie_at(24))
        self.files = []
        for number, frame in enumerate(self.frames):
            path = folder / f"picture_{number:03d}.png"
            cv2.imwrite(str(path), frame[..., ::-1])
            self.files.append(str(path))
        other = portrait[:, ::-1].astype(np.float32) * (0.55, 0.7, 0.9) + (60, 10, 0)
        self.person = self._picture("person.png", np.clip(other, 0, 255))
        self.second_person = self._picture(
            "second.png", np.clip(portrait * (0.8, 0.5, 0.5) + (0, 60, 40), 0, 255)
        )
        self.nobody = self._picture("nobody.png", np.full((200, 200, 3), 120.0))

    @staticmethod
    def number_in(picture):
        """The number that a picture of `numbered_face` carries."""
        levels = [picture[4:20, bit * BLOCK + 8 : (bit + 1) * BLOCK - 8].mean() for bit in range(8)]
        return sum((level > 127) << bit for bit, level in enumerate(levels))

    def write_files_with_hidden_face(self, folder, hidden):
        """Write the frames as files whose frame `hidden` shows nobody, so that a face is missed; returns the paths."""
        files = []
        for number, frame in enumerate(self.frames):
            image = np.full_like(frame, frame.mean((0, 1))) if number == hidden else frame
            files.append(str(folder / f"{number:03d}.png"))
            cv2.imwrite(files[-1], image[..., ::-1])
        return files

    def _picture(self, name, pixels):
        cv2.imwrite(str(self.folder / name), pixels[..., ::-1].astype(np.uint8))
        return str(self.folder / name)

    def movie_at(self, fps):
        """Encode the frames as a movie of a frame rate; once, since a file written anew is another one to Blenders."""
        path = self.folder / f"faces_{float(fps)}.mp4"
        if path.exists():
            return path
        with av.open(str(path), "w") as container:
            stream = container.add_stream(
                "libx264", rate=fps, options={"g": "5", "crf": "8", "preset": "veryfast"}
            )
            (stream.width, stream.height), stream.pix_fmt = SIZE, "yuv420p"
            stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1
            for number, pixels in enumerate(self.frames):
                frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
                frame = frame.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=1)
                frame.pts = number
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path


class BlenderPool:
    """Blenders that stay, by name: each does one job after another; see `drive.py`."""

    def __init__(self, folder):
        """`folder` holds whatever jobs read and write."""
        self._folder = folder
        self._processes = {}
        self._count = 0

    def do(self, blender, job, timeout_seconds):
        """Do a job; returns what was printed, output and errors. AssertionError if Blender ended or hangs."""
        self._count += 1
        base = self._folder / f"in_turn_{self._count}"
        output, errors, done = (base.with_suffix(f".{kind}") for kind in ("output", "errors", "done"))
        environment = dict(os.environ) if isinstance(blender, Module) else None
        job = {**job, "output": str(output), "errors": str(errors), "environment": environment}
        base.write_text(json.dumps({**job, "done": str(done)}))
        process = self._process(blender)
        print(base, file=process.stdin, flush=True)
        end = time.monotonic() + timeout_seconds
        while not done.exists():
            if process.poll() is not None or time.monotonic() > end:
                process.kill()
                del self._processes[blender.name]
                said = errors.read_text(errors="replace") if errors.exists() else "it did not begin"
                raise AssertionError(
                    f"Blender {blender.name} ended or hangs ({process.wait()}): {said[-3000:]}"
                )
            time.sleep(0.01)
        return output.read_text(errors="replace"), errors.read_text(errors="replace")

    def _process(self, blender):
        if blender.name not in self._processes:
            with (self._folder / f"in_turn_{blender.name}.txt").open("wb") as file:
                self._processes[blender.name] = subprocess.Popen(
                    blender.command(DRIVE, "-", (self._folder,)),
                    stdin=subprocess.PIPE, stdout=file, stderr=file, text=True,
                )  # fmt: skip
        return self._processes[blender.name]

    def close(self):
        for process in self._processes.values():
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Driver:
    """Runs jobs in a Blender: the one whose `bpy` this Python has, if none is named."""

    def __init__(self, folder, blender=None, reads=(), running=None):
        """`reads` are folders beside its own that jobs name files in; `running` are Blenders to use in turn."""
        self._running = running
        self.folder = folder
        self.blender = Module("here", Path(sys.executable)) if blender is None else blender
        self.runs = 0
        self.status = 0
        """With which exit code a job is to end."""
        self.complains = False
        """Whether a fault of ours is what a test is after."""
        self._folders = (folder, *reads)

    def __call__(self, *steps):
        """Do the steps in a new process; returns what each returned."""
        self.runs += 1
        job, result = self.folder / f"job_{self.runs}.json", self.folder / f"result_{self.runs}.json"
        if self._running and not self.status:
            self.output, errors = self._running.do(
                self.blender, {"steps": steps, "result": str(result)}, TIMEOUT_SECONDS
            )
            assert result.is_file(), self.output[-1500:] + errors[-3000:]
            faults = complaints(self.output, errors)
            assert self.complains or not faults, [*faults, errors[-3000:]]
            return json.loads(result.read_text())
        job.write_text(json.dumps({"steps": steps, "result": str(result)}))
        command = self.blender.command(DRIVE, str(job), self._folders)
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
        assert result.is_file(), done.stdout[-1500:] + done.stderr[-3000:]
        assert done.returncode == self.status, done.stderr[-3000:]
        faults = complaints(done.stdout, done.stderr)
        assert self.complains or not faults, [*faults, done.stderr[-3000:]]
        self.output = done.stdout
        return json.loads(result.read_text())

    def pictures(self, prefix, count=None):
        """Read what was rendered under a prefix, (H, W, 3) RGB by timeline frame."""
        pictures = {}
        for path in sorted(self.folder.glob(f"{prefix}_*.png")):
            pictures[int(path.stem.rsplit("_", 1)[1])] = cv2.imread(str(path))[..., ::-1]
        assert count is None or len(pictures) == count, sorted(pictures)
        return pictures

    def out(self, prefix):
        """Where a render writes its pictures."""
        return str(self.folder / f"{prefix}_")


def complaints(output, errors):
    """The lines of what a run printed that tell of a fault or a warning of ours, or of a cycle of strips' drivers."""
    faults = [
        line
        for line in errors.splitlines()
        if "Traceback" in line or ("Warning" in line and ("understudy" in line or "/addon/" in line))
    ]
    return faults + [line for line in (output + errors).splitlines() if "DRIVER(sequence_editor" in line]
