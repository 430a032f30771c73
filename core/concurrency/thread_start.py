# SPDX-License-Identifier: GPL-3.0-or-later
"""A thread for work that can be left out, or done otherwise, where the system gives none."""

import threading
from collections.abc import Callable


def try_start_thread(work: Callable[[], object], name: str) -> threading.Thread | None:
    """Start a daemon thread.

    Parameters
    ----------
    work : callable
        What it does.
    name : str
        What it is called.

    Returns
    -------
    threading.Thread or None
        None where there is too little memory for its stack, or where there may be no more threads.
    """
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # Python has no error of its own for it
        return None
    return thread
