# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults a user can act on. `str()` of each is one line that names the thing and the fix."""


def os_error_reason(error: OSError) -> str:
    """Return the system's words for an error, or the name of its class where it has none."""
    return error.strerror or type(error).__name__


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, or the name of its class where it has none: libraries write more."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


class UnderstudyError(Exception):
    """Base of every fault Understudy reports on purpose."""


class ClipError(UnderstudyError):
    """A movie or image sequence is missing, unreadable or has no such frame."""


class FaceImageError(UnderstudyError):
    """An image of the source person is missing, unreadable or does not show one clear face."""


class FaceNumberError(FaceImageError):
    """An image of the source person shows several faces and none of them is chosen, or one that is not there."""


class ModelError(UnderstudyError):
    """A model file is missing, is not what it should be, or can't be run."""


class RecipeError(UnderstudyError):
    """A parameter does not exist or its value is out of range."""


class CacheError(UnderstudyError):
    """The cache folder can't be used at all (never raised while a frame is rendered)."""


class OutputError(UnderstudyError):
    """A file the user asked for can't be written."""


class MessageError(UnderstudyError):
    """What another process sent has not the form that it should have."""


class FarmError(UnderstudyError):
    """A farm's job can't be planned, written or run."""


class ConsentError(UnderstudyError):
    """A file of consent records, or a record, is missing or can't be used."""


class RefusalError(UnderstudyError):
    """What is asked for is against a condition that the user has set, as on licences or on consent."""


class BatchError(UnderstudyError):
    """A file of swaps or of a batch is not what it should be, or rows of a batch can't be rendered."""
