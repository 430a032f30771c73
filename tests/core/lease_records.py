# SPDX-License-Identifier: GPL-3.0-or-later
"""A key's record and a clock for the tests of leases."""

import numpy as np
from understudy.core.cache.base.key import stage_key


def key(number):
    return stage_key("test", 1, {"number": number})


def arrays(number):
    return {"a": np.full(1000, number % 256, np.uint8)}


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self, now=100.0):
        self.now = now

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
