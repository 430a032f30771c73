# SPDX-License-Identifier: GPL-3.0-or-later
"""In the compositor of every Blender a turnover over its clip is the rendered frame."""

import cv2
import numpy as np
import pytest
from exr_files import write_exr
from understudy.core.cli.main import main

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.in_turn]

SOCKETS = ["Alpha", "Combined", "depth", "id", "mask", "occlusion", "position", "st", "swap"]


@pytest.fixture(scope="module")
def clips(footage, tmp_path_factory):
    """A frame as OpenEXR with a highlight and as PNG, each rendered and with its turnover, by kind."""
    folder = tmp_path_factory.mktemp("turnover")
    coded = footage.frames[3].astype(np.float32) / 255
    light = coded**2.2
    light[:, 120:122], light[:, 150:152] = 8.0, -0.05
    originals = {"exr": folder / "light.exr", "png": folder / "shot.png"}
    write_exr(originals["exr"], light, half=False)
    assert cv2.imwrite(str(originals["png"]), footage.frames[3][..., ::-1])
    for kind, original in originals.items():
        more = ["--colorspace", "ACEScg"] if kind == "exr" else []
        shared = [str(original), "--face", footage.person, "--cache-dir", str(folder / "cache"), "--quiet"]
        render = ["render", *shared, "--fps", "24", "--output", str(folder / f"{kind}_%03d.{kind}"), *more]
        assert main(render) == 0
        assert main(["turnover", *shared, "--output", str(folder / kind), *more]) == 0
    return folder, originals


@pytest.mark.parametrize("kind", ["exr", "png"])
def test_the_compositor_makes_the_rendered_frame_of_the_original_and_the_turnover(every_blender, clips, kind):
    folder, originals = clips
    copies = {}
    for name, path in (
        ("original", originals[kind]),
        ("rendered", folder / f"{kind}_000.{kind}"),
        ("layers", folder / kind / "frame_00000.exr"),
    ):
        copies[name] = every_blender.folder / f"{name}_{kind}{path.suffix}"
        copies[name].write_bytes(path.read_bytes())
    over = every_blender.folder / f"over_{kind}.exr"
    arrays = {name: every_blender.folder / f"{name}_{kind}.npy" for name in ("original", "rendered", "over")}
    (sockets, *_) = every_blender(
        [
            "lay_over",
            {"original": str(copies["original"]), "layers": str(copies["layers"]), "to": str(over)},
        ],
        *[
            ["pixels", {"file": str({**copies, "over": over}[name]), "to": str(to)}]
            for name, to in arrays.items()
        ],
    )
    assert sockets == SOCKETS
    original, rendered, composite = (np.load(to)[..., :3] for to in arrays.values())
    changed = (original != rendered).any(2)
    assert changed.sum() > 5000
    if kind == "exr":
        assert original.max() == 8
        assert rendered[changed].max() > 2
        assert np.abs(composite - rendered).max() < 1 / 65535
    else:  # what is rendered is rounded to 8 bits
        assert np.array_equal(np.rint(composite * 255), np.rint(rendered * 255))
