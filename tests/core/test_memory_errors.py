# SPDX-License-Identifier: GPL-3.0-or-later
"""Lack of memory is one error, whichever library meets it."""

import cv2
import numpy as np
import pytest
from understudy.core.system.memory_errors import raise_memory_errors


def test_opencv_without_memory_raises_what_numpy_does():
    with pytest.raises(MemoryError), raise_memory_errors():
        cv2.resize(np.zeros((1, 1), np.uint8), (1 << 30, 1 << 20))  # a petabyte


def test_other_faults_of_opencv_stay_its_own():
    with pytest.raises(cv2.error), raise_memory_errors():
        cv2.resize(np.zeros((0, 0), np.uint8), (1, 1))
