# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for corrections of landmarks."""

from steps import _scene, _strip
from understudy.addon.layers.jobs import jobs_at
from understudy.addon.lookups.gallery import lookup_cache
from understudy.addon.lookups.landmark_lookup import landmark_lookup
from understudy.addon.modifiers.landmark_edits import add_edit, insert_key, set_key
from understudy.addon.properties.landmark_properties import landmark_edits_of
from understudy.addon.properties.landmark_state import landmark_state
from understudy.addon.sequencer.placement import preview_placement
from understudy.core.face.landmark_handles import HANDLES
from understudy.core.recipe.landmark_edits import REST, LandmarkKey


def correct(first, last, keys, index=0, fade=0):
    """Correct frames of the clip; each key is its frame with what is moved: a handle's offset, or a pose."""
    modifier = _scene().understudy.modifiers[index]
    for frame, moves in keys:
        pose = {name: value for name, value in moves.items() if name not in HANDLES}
        offsets = tuple(tuple(moves.get(name, rest)) for name, rest in zip(HANDLES, REST, strict=True))
        key = LandmarkKey(frame, offsets=offsets, **pose)
        if frame == keys[0][0]:
            place = add_edit(modifier, key, 0)
        else:
            set_key(modifier, place, key)
    entry = modifier.landmark_edits[place]
    entry.first, entry.last, entry.fade = first, last, fade


def key_correction(place, number, index=0):
    """Key a correction in a frame of the clip."""
    insert_key(_scene().understudy.modifiers[index], place, number)


def corrections(index=0):
    """The corrections of a modifier, with every number of their keys."""
    edits = landmark_edits_of(_scene().understudy.modifiers[index])
    return [
        [edit.first, edit.last, edit.fade, edit.places_face, [[key.frame, *key.numbers] for key in edit.keys]]
        for edit in edits
    ]


def correction_frames(frames):
    """At which frames of the timeline the active take of a strip asks for a correction, with the clip's frame there."""
    shown = []
    for frame in frames:
        for job in jobs_at(_scene(), frame):
            for request in job.frame_requests:
                shown += [[frame, job.number]] if request.landmark_edits else []
    return shown


def damage_correction(index=0):
    """Put into a correction what Understudy never writes."""
    entry = _scene().understudy.modifiers[index].landmark_edits.add()
    key = entry.keys.add()
    key.scale, key.rotation = float("nan"), 1e30
    _scene().understudy.modifiers[index].landmark_edits.add()


def handle_face_counts(active, number):
    """How many faces the handles are shown for in a frame of the clip, and in the frames beside it."""
    strip = _scene().sequence_editor.active_strip = _strip(active)
    known = lookup_cache().get_or_fetch(
        landmark_lookup(_scene(), strip, _scene().understudy.modifiers[0], number)
    )
    return None if known is None else [len(known.here), len(known.before), len(known.after), list(known.size)]


def shows_handles():
    """Whether previews show handles."""
    return landmark_state().is_editing


def preview_round_trip(name, points):
    """Where pixels of a strip's frame are in the preview, and where these places lead back to."""
    place = preview_placement(_scene(), _strip(name), (320, 240))
    return [[point, at := place.apply(*point), place.inverse().apply(*at)] for point in points]
