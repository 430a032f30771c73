# SPDX-License-Identifier: GPL-3.0-or-later
"""The log on stderr, for who asks for it by UNDERSTUDY_LOG."""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..errors import UnderstudyError
from ..reporting.log import ROOT
from ..reporting.quoting import quote

LOG_VARIABLE = "UNDERSTUDY_LOG"
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}
_FORMAT = "%(asctime)s.%(msecs)03d %(levelname)s %(name)s: %(message)s"


class _OneLineFormatter(logging.Formatter):
    """Makes each message one line that says only what it shows."""

    def format(self, record: logging.LogRecord) -> str:
        return quote(super().format(record))


@contextmanager
def log_to_stderr(environment: Mapping[str, str]) -> Iterator[None]:
    """Log to stderr while a command runs, from the level that UNDERSTUDY_LOG names. Raises UnderstudyError."""
    name = environment.get(LOG_VARIABLE, "").strip()
    if name.lower() not in _LEVELS:
        raise UnderstudyError(f"{LOG_VARIABLE} can't be used: {name!r} is none of {', '.join(_LEVELS)}")
    logger, handler = logging.getLogger(ROOT), logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLineFormatter(_FORMAT, "%H:%M:%S"))
    former = logger.level
    logger.setLevel(_LEVELS[name.lower()])
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(former)
