# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarkers, recognisers, pose networks and maskers: crops, normalisation and answers against hand-made numbers."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from models import stand_ins
from understudy.core.analysis.detect import detect_with, detections_from_arrays
from understudy.core.analysis.embed import embed_key, embed_with
from understudy.core.analysis.landmark import alignment_points, faces_from_arrays, landmark_key, landmark_with
from understudy.core.analysis.model_adapters import ModelAdapters
from understudy.core.analysis.poses.networks import euler_angles
from understudy.core.analysis.recognisers.contract import Embeddings, EmbeddingSpace, l2_normalise
from understudy.core.cache.base.key import stage_key
from understudy.core.errors import ModelError, RecipeError
from understudy.core.face.landmark_sets import LANDMARK_SETS
from understudy.core.face.types import Detection, Face, Pose
from understudy.core.geometry.alignment import alignment_matrix
from understudy.core.geometry.mesh_fit import fit_face_mesh
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.media.image_clip import decode_image
from understudy.core.media.open import open_clip
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import ModelLibrary
from understudy.core.models.session import ModelPool
from understudy.core.models.statement import statement_path
from understudy.core.recipe import Detect, Embed, Landmark, Occlude

TOPOLOGY = load_topology()
RANDOM = np.random.default_rng(4)
PICTURE = RANDOM.integers(0, 256, (360, 640, 3), np.uint8)
FIVE = np.array([[250, 150], [320, 155], [285, 190], [258, 225], [312, 228]], np.float32)
LEVEL = Detection(
    np.array([200, 100, 360, 260], np.float32), np.array([[250, 150], [320, 150]], np.float32), 0.8
)


def engines_with(folder: Path, **files: Path) -> ModelAdapters:
    """Engines over a folder whose files are said to be what the keywords name, as embed__arcface=path."""
    for name, path in files.items():
        statement_path(path).write_text(f'family = "{name.replace("__", "/").replace("_", "-")}"')
    return ModelAdapters(embedded_models(), ModelLibrary([folder]), ModelPool(1), TOPOLOGY)


@pytest.fixture(scope="module")
def real(shared: Path) -> ModelAdapters:
    return ModelAdapters(embedded_models(), ModelLibrary([shared / "models"]), ModelPool(2), TOPOLOGY)


@pytest.fixture(scope="module")
def frame(shared: Path) -> np.ndarray:
    with open_clip(shared / "footage" / "02_single_calm_movingcam_720p.mp4") as clip:
        return np.asarray(clip.read(30), np.uint8)


# Family, writer, values planted, size of the crop, how many times the box's side it shows, values to crop pixels.
PLANTED_POINTS = {
    "insightface-106": (stand_ins.write_106, (106, 2), (-1, 1), 192, 1.5, lambda v: (v + 1) * 96),
    "fan-68": (
        lambda path, v: stand_ins.write_fan68(path, v, 0.7),
        (68, 2),
        (0, 64),
        256,
        256 / 195,
        lambda v: v * 4,
    ),
    "peppa-68-256": (
        lambda path, v: stand_ins.write_peppa256(path, v, 0.7),
        (68, 2),
        (0, 64),
        256,
        256 / 195,
        lambda v: v * 4,
    ),
}


@pytest.mark.parametrize("name", PLANTED_POINTS)
@pytest.mark.parametrize("roll", [0.0, 30.0])
def test_planted_landmarks_come_out_where_the_crop_lies(tmp_path: Path, name: str, roll: float) -> None:
    write, shape, (low, high), size, enlarged, to_crop = PLANTED_POINTS[name]
    values = RANDOM.uniform(low, high, shape)
    path = write(tmp_path / "net.onnx", values)
    engines = engines_with(tmp_path, **{f"landmark__{name.replace('-', '_')}": path})
    turn = np.radians(roll)
    axis = np.array([np.cos(turn), np.sin(turn)])
    detection = replace(
        LEVEL, points=np.stack([[250, 150], np.array([250, 150]) + 70 * axis]).astype(np.float32)
    )
    marked = engines.landmarker(Landmark(landmarker=name)).landmarks(PICTURE, [detection, detection])
    # The box is 160 pixels square about (280, 180); the crop turns about its middle.
    from_middle = (to_crop(values) - size / 2) * (160 * enlarged / size)
    expected = np.array([280, 180]) + from_middle @ np.array([axis, [-axis[1], axis[0]]])
    for one in marked:
        assert np.abs(one.points[:, :2] - expected).max() < 0.02
        assert one.score == pytest.approx(0.8 if name == "insightface-106" else 0.7)


def test_the_203_points_are_refined_about_where_they_were(tmp_path: Path) -> None:
    values = RANDOM.uniform(0.25, 0.75, (203, 2))
    path = stand_ins.write_203(tmp_path / "net.onnx", values)
    engines = engines_with(tmp_path, landmark__liveportrait_203=path)
    marked = engines.landmarker(Landmark(landmarker="liveportrait-203")).landmarks(PICTURE, [LEVEL])[0]
    first = np.array([280, 180]) + (values - 0.5) * 160 * 1.5
    low, high = first.min(0), first.max(0)
    expected = (low + high) / 2 + (values - 0.5) * (high - low).max() * 1.5
    assert np.abs(marked.points[:, :2] - expected).max() < 0.05


def test_68_from_5_work_in_the_templates_square_and_need_five_points(tmp_path: Path) -> None:
    path = stand_ins.write_five_to_68(tmp_path / "net.onnx")
    landmarker = engines_with(tmp_path, landmark__68_from_5=path).landmarker(Landmark(landmarker="68-from-5"))
    points = landmarker.landmarks(PICTURE, [replace(LEVEL, points=FIVE)])[0].points
    # The stand-in gives the five back, so the way into the square and out of it must cancel.
    assert np.abs(points[:5, :2] - FIVE).max() < 1e-2
    assert np.abs(points[5:, :2] - FIVE[2]).max() < 1e-2
    with pytest.raises(
        RecipeError, match=r"needs a detector that gives five points: set detect\.detector to yunet"
    ):
        landmarker.landmarks(PICTURE, [LEVEL])


@pytest.mark.parametrize(
    ("name", "most"), [("face-mesh-468", 6), ("face-mesh-478", 6), ("peppa-68", 8), ("pfld-98", 13)]
)
def test_real_landmarkers_agree_with_the_embedded_one(
    name: str, most: float, real: ModelAdapters, frame: np.ndarray
) -> None:
    """Eyes, nose and mouth within `most` per cent of the eyes' distance: the sets name slightly different places."""
    params = Detect(detector="yunet")
    detections = detections_from_arrays(detect_with(frame, params, real.detector(params)))
    known, actual = (
        faces_from_arrays(landmark_with(frame, detections, params, real.landmarker(params), TOPOLOGY))[0]
        for params in (Landmark(), Landmark(landmarker=name))
    )
    five = alignment_points(known.landmarks, TOPOLOGY)
    off = np.linalg.norm(alignment_points(actual.landmarks, TOPOLOGY) - five, axis=1) / np.linalg.norm(
        five[1] - five[0]
    )
    assert off.max() * 100 < most
    assert actual.height == pytest.approx(known.height, rel=0.1)
    assert actual.pose.yaw == pytest.approx(known.pose.yaw, abs=8)
    assert actual.pose.roll == pytest.approx(known.pose.roll, abs=4)
    mesh = fit_face_mesh(actual.landmarks, TOPOLOGY)
    assert mesh.shape == (478, 3)
    assert np.linalg.norm(mesh[:468, :2] - known.landmarks[:468, :2], axis=1).mean() < 0.08 * known.height


@pytest.mark.parametrize("count", LANDMARK_SETS)
def test_every_set_has_its_places_within_its_count(count: int) -> None:
    known = LANDMARK_SETS[count]
    places = (
        *known.left_eye,
        *known.right_eye,
        *known.nose,
        *known.mouth_left,
        *known.mouth_right,
        known.chin,
    )
    assert min((*places, *known.jaw)) >= 0
    assert max((*places, *known.jaw)) < count
    points = np.zeros((count, 3), np.float32)
    for value, place in enumerate(
        (known.left_eye, known.right_eye, known.nose, known.mouth_left, known.mouth_right)
    ):
        points[list(place), 0] = value
    assert known.alignment_points(points)[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_a_landmarkers_key_changes_with_it_and_with_the_pose_network(real: ModelAdapters) -> None:
    detected = stage_key("detect", 1, {})
    keys = {
        landmark_key(detected, params, real.landmarker(params), real.pose_estimator(params)).hex
        for params in (
            Landmark(),
            Landmark(landmarker="pfld-98"),
            Landmark(pose="fsanet"),
            Landmark(score=0.3),
        )
    }
    assert len(keys) == 4
    steadier = Landmark(steady=3.0, gaps=0)
    assert landmark_key(detected, steadier, real.landmarker(steadier)).hex in keys


# Recognisers


@pytest.mark.parametrize(
    ("family", "count"), [("arcface", 512), ("ghostface", 512), ("sface", 128), ("mobileface", 256)]
)
def test_an_embedding_is_of_the_aligned_normalised_crop(tmp_path: Path, family: str, count: int) -> None:
    path = stand_ins.write_recogniser(tmp_path / "net.onnx", family)
    recogniser = engines_with(tmp_path, **{f"embed__{family}": path}).recogniser(Embed(family))
    smooth = cv2.GaussianBlur(PICTURE, (0, 0), 8)
    vector = recogniser.embed(smooth, [FIVE, FIVE])[1]
    crop = cv2.warpAffine(
        smooth, alignment_matrix(FIVE, "arcface_112_v2", 112), (112, 112), borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    crop = {
        "arcface": crop / 127.5 - 1,
        "ghostface": (crop - 127.5) / 128,
        "sface": crop,
        "mobileface": crop,
    }[family]
    blocks = crop.reshape(8, 14, 8, 14, 3).mean((1, 3)).transpose(2, 0, 1).ravel()
    expected = blocks @ stand_ins.recogniser_matrix(count, 0)
    assert vector.shape == (count,)
    assert np.allclose(vector, expected, atol=0.02 * np.abs(expected).max())


def test_embeddings_of_different_models_never_meet(tmp_path: Path) -> None:
    first = stand_ins.write_recogniser(tmp_path / "a.onnx", "arcface")
    ghost = stand_ins.write_recogniser(tmp_path / "g.onnx", "ghostface")
    engines = engines_with(tmp_path, embed__arcface=first, embed__ghostface=ghost)
    spaces = [engines.recogniser(Embed(name)).space for name in ("arcface", "ghostface")]
    rows = l2_normalise(np.ones((2, 512), np.float32))
    arcface, ghostface = (Embeddings(rows, space) for space in spaces)
    assert np.allclose(arcface.cosine_similarity(arcface), np.ones((2, 2)))
    with pytest.raises(RecipeError, match="described by arcface can't be compared with those by ghostface"):
        arcface.cosine_similarity(ghostface)
    with pytest.raises(RecipeError, match="can't be compared"):
        arcface.cosine_similarity(Embeddings(rows, EmbeddingSpace("arcface", "another file", 0.28)))
    with pytest.raises(RecipeError, match=r"vectors of \(512,\) and \(128,\) numbers"):
        arcface.cosine_similarity(Embeddings(rows[:, :128], spaces[0]))
    keys = [
        embed_key(stage_key("landmark", 1, {}), engines.recogniser(Embed(n)))
        for n in ("mesh", "arcface", "ghostface")
    ]
    assert len({key.hex for key in keys}) == 3


PEOPLE = {
    "a": ["p02_obama_official.jpg", "p02b_obama_speech.jpg", "p02c_obama_standing.jpg"],
    "b": ["p10_man_a1.jpg", "p10_man_a2.jpg", "p10_man_a3.jpg"],
    "c": ["p11_woman_a1.jpg", "p11_woman_a2.jpg"],
    "d": ["p12_woman_b1.jpg", "p12_woman_b2.jpg"],
    "e": ["p01_astronaut_eileen_collins_512.png"],
    "f": ["p13_woman_c.jpg"],
    "g": ["p14_man_c.jpg"],
    "h": ["p20_man_sofa_1000.jpg"],
    "i": ["p30_glasses_frown_720.jpg"],
    "j": ["p31_open_mouth_720.jpg"],
}


def test_mobileface_tells_the_people_of_the_portraits_apart(shared: Path, real: ModelAdapters) -> None:
    recogniser, described = real.recogniser(Embed("mobileface")), []
    params = Detect(detector="yunet")
    for person, files in PEOPLE.items():
        for file in files:
            picture = np.asarray(decode_image(shared / "footage/portraits" / file), np.uint8)
            detections = detections_from_arrays(detect_with(picture, params, real.detector(params)))
            faces = faces_from_arrays(
                landmark_with(picture, detections, Landmark(), real.landmarker(Landmark()), TOPOLOGY)
            )
            face = max(faces, key=lambda one: one.height)
            described.append((person, embed_with(picture, [face], TOPOLOGY, recogniser)["embeddings"][0]))
    pairs = [(one == other, float(a @ b)) for (one, a), (other, b) in combinations(described, 2)]
    same = np.array([value for alike, value in pairs if alike])
    other = np.array([value for alike, value in pairs if not alike])
    assert len(same) == 8
    assert len(other) == 112
    assert (same[:, None] > other).mean() >= 0.999
    assert same.min() > recogniser.space.match_threshold > other.max()


# Pose


def test_a_rotation_matrix_gives_the_angles_it_was_made_from(tmp_path: Path) -> None:
    """300W-LP's convention: R = Rz(roll) Ry(yaw) Rx(pitch), with a yaw of the opposite sign to ours."""
    yaw, pitch, roll = np.radians((25.0, -10.0, 8.0))
    rx = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    ry = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    rz = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    rotation = (rz @ ry @ rx).astype(np.float32)
    assert euler_angles(rotation) == pytest.approx((25, -10, 8), abs=1e-3)
    path = stand_ins.write_6drepnet(tmp_path / "net.onnx", rotation)
    estimator = engines_with(tmp_path, pose__6drepnet=path).pose_estimator(Landmark(pose="6drepnet"))
    points = np.concatenate([FIVE, np.zeros((5, 1), np.float32)], 1)
    pose = estimator.poses(PICTURE, [points], [Pose(0, 0, 178)])[0]
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((-25, -10, -174), abs=1e-2)


def test_fsanets_are_averaged_and_the_roll_that_was_taken_out_is_added(tmp_path: Path) -> None:
    """Two networks say 10, 4, 6 and 30, 8, -2 degrees of a head that the landmarks say is rolled by 25."""
    files = {}
    for name, angles in (("one", (10.0, 4.0, 6.0)), ("two", (30.0, 8.0, -2.0))):
        path = stand_ins.write_fsanet(tmp_path / f"{name}.onnx", np.array(angles))
        statement_path(path).write_text('family = "pose/fsanet"')
        files[name] = path
    estimator = engines_with(tmp_path).pose_estimator(Landmark(pose="fsanet"))
    points = np.array([[200, 100, 0], [300, 100, 0], [250, 200, 0]], np.float32)
    pose = estimator.poses(PICTURE, [points], [Pose(0, 0, 25)])[0]
    # 300W-LP's yaw has the other sign; pitch and roll have ours.
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((-20, 6, 27), abs=1e-3)
    assert len(estimator.models) == 2


def test_fsanet_turns_the_same_way_as_the_mesh(shared: Path, real: ModelAdapters) -> None:
    """Clip 23, profile to profile: yaw within 13 degrees of the mesh's; a tipped picture is tipped in its roll."""
    posed = Landmark(pose="fsanet")
    with open_clip(shared / "footage" / "23_single_profile_turn_540p.mp4") as clip:
        for number in (2, 11, 20):
            frame = np.asarray(clip.read(number), np.uint8)
            detections = detections_from_arrays(detect_with(frame, Detect(), real.detector(Detect())))[:1]
            mesh, network = (
                landmark_with(
                    frame, detections, params, real.landmarker(params), TOPOLOGY, real.pose_estimator(params)
                )
                for params in (Landmark(), posed)
            )
            assert network["poses"][0, 0] == pytest.approx(mesh["poses"][0, 0], abs=13)
            assert np.array_equal(network["landmarks"], mesh["landmarks"])
    face = faces_from_arrays(mesh)[0]
    estimator = real.pose_estimator(posed)
    # Told that the head is level, the network sees a crop that is not turned upright, and must say the roll itself.
    height, width = frame.shape[:2]
    rolls = []
    for angle in (-20, 20):
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1.0)
        points = np.array(face.landmarks)
        points[:, :2] = points[:, :2] @ turn[:, :2].T + turn[:, 2]
        turned = np.asarray(cv2.warpAffine(frame, turn, (width, height)), np.uint8)
        rolls.append(estimator.poses(turned, [points.astype(np.float32)], [Pose(0, 0, 0)])[0].roll)
    assert rolls[1] - rolls[0] == pytest.approx(40, abs=12)


# Maskers


def test_xseg_sees_blue_first_and_only_what_is_sure_counts(tmp_path: Path) -> None:
    path = stand_ins.write_xseg(tmp_path / "net.onnx")
    masker = engines_with(tmp_path, occlude__xseg=path).masker(Occlude("xseg"))
    picture = np.zeros((360, 640, 3), np.uint8)
    picture[:, 285:] = 204
    mask = masker.mask(masker.segment(picture, FIVE), Occlude("xseg"))
    assert mask.visible.shape == (256, 256)
    edge = mask.matrix @ np.array([285, 190, 1])
    x, y = np.round(edge).astype(int)
    # .8 stretched from .5..1 to 0..1 is .6; the dark side is nothing; the edge is soft.
    assert mask.visible[y, min(x + 60, 250)] == pytest.approx(0.6 * 255, abs=2)
    assert mask.visible[y, x - 40] == 0


def test_bisenets_regions_can_be_chosen(tmp_path: Path) -> None:
    """The stand-in calls red skin, green hair and blue glasses."""
    path = stand_ins.write_bisenet(tmp_path / "net.onnx")
    engines = engines_with(tmp_path, occlude__bisenet=path)
    picture = np.zeros((360, 640, 3), np.uint8)
    picture[:, :260, 0] = picture[:, 260:310, 1] = picture[:, 310:, 2] = 255

    masker = engines.masker(Occlude("bisenet"))
    segmentation = masker.segment(picture, FIVE)  # once: whatever is chosen, the network need not run again

    def shown(params: Occlude) -> list[bool]:
        mask = masker.mask(segmentation, params)
        places = [mask.matrix @ np.array([x, 190, 1]) for x in (235, 285, 335)]
        return [bool(mask.visible[round(y), round(x)] > 127) for x, y in places]

    assert shown(Occlude("bisenet")) == [True, False, False]
    assert shown(Occlude("bisenet", hair=True)) == [True, True, False]
    assert shown(Occlude("bisenet", skin=False, glasses=True)) == [False, False, True]
    nothing = dict.fromkeys(("skin", "brows", "eyes", "nose", "mouth", "lips"), False)
    with pytest.raises(RecipeError, match=r"needs a region: set occlude\.skin=on"):
        masker.mask_key_text(Occlude("bisenet", **nothing))
    assert masker.mask_key_text(Occlude("bisenet", **{**nothing, "hair": True, "eyes": True})) == "eyes hair"


def test_small_holes_in_the_skin_are_features_and_hair_over_it_is_none(tmp_path: Path) -> None:
    """Planted maps of 512: skin all over but for an eye's hole, a hand's, and a fringe of hair that is no skin."""
    maps = np.zeros((1, 3, 512, 512), np.float32)
    maps[0, 0] = 1
    maps[0, 0, 200:220, 180:210] = 0
    maps[0, 0, 260:420, 300:460] = 0
    maps[0, 0, 60:70] = 0
    maps[0, 2, 60:70] = 1
    path = stand_ins.write_constant_model(tmp_path / "net.onnx", "x.1", [1, 3, 512, 512], {"1273": maps})
    masker = engines_with(tmp_path, occlude__skin_hair=path).masker(Occlude("skin-hair"))
    visible = masker.mask(masker.segment(PICTURE, FIVE), Occlude("skin-hair")).visible
    assert visible[105, 97] == 255  # the eye
    assert visible[170, 190] == 0  # the hand
    assert visible[32, 128] < 60  # the fringe, five pixels of the mask high
    assert visible[230, 30] == 255


def test_real_maskers_separate_the_face_from_what_is_before_and_behind_it(
    real: ModelAdapters, frame: np.ndarray
) -> None:
    detections = detections_from_arrays(detect_with(frame, Detect(), real.detector(Detect())))
    face = faces_from_arrays(
        landmark_with(frame, detections, Landmark(), real.landmarker(Landmark()), TOPOLOGY)
    )[0]
    left, top, right, bottom = face.box.astype(int)
    covered = frame.copy()
    covered[(top + bottom) // 2 :, left - 40 : right + 40] = (40, 90, 140)

    def share(name: str, picture: np.ndarray, row: float, low: float = 0.2, high: float = 0.8) -> float:
        """How much of the face is shown at a height (0 its top, 1 its chin), between two places across it."""
        masker = real.masker(Occlude(name))
        mask = masker.mask(masker.segment(picture, alignment_points(face.landmarks, TOPOLOGY)), Occlude(name))
        y, across = top + row * (bottom - top), left + np.linspace(low, high, 20) * (right - left)
        spots = [mask.matrix @ np.array([x, y, 1]) for x in across]
        return float(np.mean([mask.visible[round(v), round(u)] for u, v in spots])) / 255

    assert share("skin-hair", frame, 0.8) > 0.9
    assert share("skin-hair", covered, 0.8) < 0.1
    assert share("skin-hair", covered, 0.3) > 0.8
    assert share("selfie", frame, 0.5) > 0.9
    assert share("selfie", frame, 0.1, 1.25, 1.4) < 0.1


def test_a_model_that_is_not_there_is_asked_for_by_name(tmp_path: Path) -> None:
    engines = engines_with(tmp_path)
    for ask in (
        lambda: engines.detector(Detect(detector="scrfd")),
        lambda: engines.landmarker(Landmark(landmarker="fan-68")),
        lambda: engines.recogniser(Embed("arcface")),
        lambda: engines.pose_estimator(Landmark(pose="6drepnet")),
        lambda: engines.masker(Occlude("xseg")),
    ):
        with pytest.raises(ModelError, match=r"no .* model \(.*\) was found: put .*\.onnx from https://"):
            ask()


def test_a_face_of_68_points_has_a_height_and_no_mesh() -> None:
    points = np.zeros((68, 3), np.float32)
    points[36:48, 1], points[8, 1] = 100, 200
    face = Face(np.zeros(4, np.float32), 1.0, points, Pose(0, 0, 0))
    assert not face.has_mesh
    assert face.height == pytest.approx(146)
