# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh's facts hang together, and drawing it is exact."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.geometry.mesh_raster import (
    fill_polygons,
    interpolate_on_mesh,
    point_normals,
    triangle_map,
)
from understudy.core.geometry.mesh_topology import load_topology

TOPOLOGY = load_topology()


def rotated_shape(yaw: float, size: float = 200.0, pitch: float = 0.0) -> np.ndarray:
    """The canonical shape turned by degrees, in pixels of a 640x640 picture."""
    turn = cv2.Rodrigues(np.array([0.0, np.radians(yaw), 0.0]))[0]
    nod = cv2.Rodrigues(np.array([np.radians(pitch), 0.0, 0.0]))[0]
    return ((TOPOLOGY.shape @ (nod @ turn).T) * size + (320, 280, 0)).astype(np.float32)


def test_the_topology_is_one_sheet_with_three_openings() -> None:
    edges: dict[frozenset[int], int] = {}
    for a, b, c in TOPOLOGY.triangles.tolist():
        for edge in ((a, b), (b, c), (c, a)):
            edges[frozenset(edge)] = edges.get(frozenset(edge), 0) + 1
    assert max(edges.values()) == 2
    rims = {point for edge, count in edges.items() if count == 1 for point in edge}
    openings = (TOPOLOGY.oval, TOPOLOGY.left_eye_ring, TOPOLOGY.right_eye_ring, TOPOLOGY.inner_lips)
    assert rims == {int(point) for ring in openings for point in ring}
    # Euler: points - edges + triangles = 2 - 4 rims, for a sphere with four holes.
    assert 468 - len(edges) + len(TOPOLOGY.triangles) == 2 - 4


def test_every_triangle_is_wound_like_its_neighbours() -> None:
    directed = [(a, b) for t in TOPOLOGY.triangles.tolist() for a, b in zip(t, t[1:] + t[:1], strict=True)]
    assert len(set(directed)) == len(directed)


def test_the_layout_has_no_fold_and_is_symmetric() -> None:
    a, b, c = (TOPOLOGY.layout[TOPOLOGY.triangles[:, corner]] for corner in range(3))
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert area.min() > 0
    assert TOPOLOGY.layout.min() >= 0
    assert TOPOLOGY.layout.max() <= 1
    mirrored = TOPOLOGY.layout[TOPOLOGY.mirrored]
    assert np.abs(mirrored - TOPOLOGY.layout * (-1, 1) - (1, 0)).max() < 1e-6
    assert np.array_equal(TOPOLOGY.mirrored[TOPOLOGY.mirrored], np.arange(468))


def test_the_left_ring_is_on_the_left() -> None:
    assert (
        TOPOLOGY.shape[TOPOLOGY.left_eye_ring, 0].max() < 0 < TOPOLOGY.shape[TOPOLOGY.right_eye_ring, 0].min()
    )
    assert TOPOLOGY.shape[TOPOLOGY.left_brow, 1].mean() < TOPOLOGY.shape[TOPOLOGY.left_eye_ring, 1].mean()
    assert TOPOLOGY.shape[TOPOLOGY.inner_lips, 1].min() > TOPOLOGY.shape[TOPOLOGY.left_eye_ring, 1].max()


def test_a_frontal_face_is_covered_without_cracks_but_for_its_openings() -> None:
    points = rotated_shape(0)
    drawn = triangle_map(points, (640, 640), TOPOLOGY) >= 0
    face = fill_polygons([points[TOPOLOGY.oval, :2]], (640, 640)) == 255
    openings = fill_polygons(
        [points[ring, :2] for ring in (TOPOLOGY.left_eye_ring, TOPOLOGY.right_eye_ring, TOPOLOGY.inner_lips)],
        (640, 640),
    )
    inside = cv2.erode(face.astype(np.uint8), np.ones((5, 5))) & (cv2.dilate(openings, np.ones((5, 5))) == 0)
    assert int(inside.sum()) > 30_000
    assert not (inside.astype(bool) & ~drawn).any()


@pytest.mark.parametrize("yaw", [-45, -30, 30, 45])
def test_a_turned_face_hides_its_far_side_behind_its_near_side(yaw: float) -> None:
    points = rotated_shape(yaw)
    drawn = triangle_map(points, (640, 640), TOPOLOGY)
    depth = interpolate_on_mesh(points[:468, 2:], points, drawn, TOPOLOGY, outside=np.inf)[0]
    # What is drawn where a point is, is that point or something nearer (a tenth of the eyes' distance of leave,
    # for a pixel is not a point and steep slopes are deep within one).
    columns, rows = np.round(points[:468, :2]).astype(int).T
    behind = depth[rows, columns] - points[:468, 2]
    behind = behind[np.isfinite(behind)]
    assert len(behind) > 300
    assert (behind < 20).mean() > 0.99


def test_normals_point_out_of_the_face() -> None:
    normals = point_normals(rotated_shape(0), TOPOLOGY)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    assert normals[[4, 9, 10, 152, 50, 280], 2].max() < -0.5
    assert normals[234, 0] < -0.5 < 0.5 < normals[454, 0]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-2, 2), min_size=6, max_size=6), st.floats(-40, 40))
def test_spreading_an_affine_function_of_the_place_gives_it_back(plane: list[float], yaw: float) -> None:
    points = rotated_shape(yaw)
    matrix = np.array(plane, np.float32).reshape(2, 3)
    values = points[:468, :2] @ matrix[:, :2].T + matrix[:, 2]
    drawn = triangle_map(points, (640, 640), TOPOLOGY)
    got = interpolate_on_mesh(values.astype(np.float32), points, drawn, TOPOLOGY, outside=-9.0)
    assert got.shape == (2, 640, 640)
    assert (got[:, drawn < 0] == -9).all()
    rows, columns = np.nonzero(drawn >= 0)
    expected = np.stack([columns, rows], 1) @ matrix[:, :2].T + matrix[:, 2]
    assert len(rows) > 10_000
    # Slivers seen almost edge-on are ill conditioned: a pixel beside one may be off a little.
    assert np.quantile(np.abs(got[:, rows, columns].T - expected), 0.999) < 0.05
