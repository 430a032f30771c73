# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parser does with flags beyond keeping their value."""

import argparse
from typing import Any


class OnlyOnce(argparse.Action):
    """Keeps a value, and refuses a second one: the first may hold a whole list, and nobody would see that it is lost.

    For flags whose default is None.
    """

    def __call__(
        self, _: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, *__: object
    ) -> None:
        """Keep the value. Raises argparse.ArgumentError where there is one already."""
        if getattr(namespace, self.dest) is not None:
            raise argparse.ArgumentError(self, "can be given only once")
        setattr(namespace, self.dest, values)
