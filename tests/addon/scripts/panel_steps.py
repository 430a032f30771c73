# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for what panels show, people found and chosen, and texts in another language."""

import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import bpy
import understudy
from understudy.addon.blender.text_width import text_width
from understudy.addon.lookups.gallery import lookup_cache
from understudy.addon.lookups.lookups import ModelLookup
from understudy.addon.lookups.people import modifiers_replacing, people_lookup, source_range
from understudy.addon.modifiers.active import MODIFIER_POINTER
from understudy.addon.operators.cost import COST_ICONS
from understudy.addon.operators.model_page import model_button_texts, model_folder
from understudy.addon.operators.people import start_search
from understudy.addon.properties.scene_properties import settings_of
from understudy.addon.properties.status import window_state
from understudy.addon.sessions.worker_query import active_queries
from understudy.addon.ui import fields, panels
from understudy.core.recipe import parameters


def _scene():
    return bpy.context.scene


class _Layout:
    """Takes the place of Blender's layout, which is only there with a window; keeps what is shown, by section."""

    def __init__(self, sections, section="", modifier=None):
        self._sections = sections
        self._section = section
        self._modifier = modifier
        self._sections.setdefault(section, [])

    def __getattr__(self, name):
        return lambda *_, **__: _Layout(self._sections, self._section, self._modifier)

    def context_pointer_set(self, name, modifier):
        assert name == MODIFIER_POINTER
        self._modifier = modifier

    def panel_prop(self, owner, name):
        of = f"{owner.name} " if owner.bl_rna.identifier == "UNDERSTUDY_PG_modifier" else ""
        section = _Layout(self._sections, of + owner.bl_rna.properties[name].name)
        return section, section  # as if nothing were folded

    def prop(self, owner, name, **_):
        assert name in owner.bl_rna.properties
        self._sections[self._section].append(f"{owner.bl_rna.identifier}.{name}")

    def operator(self, name, text="", depress=False, **_):
        family, function = name.split(".")
        assert getattr(getattr(bpy.ops, family), function).get_rna_type() is not None
        self._sections[self._section].append(name)
        if depress:
            self._sections[self._section].append(f"pressed: {text}")
        return _Layout(self._sections, self._section)

    def label(self, text="", **_):
        if text:
            self._sections[self._section].append(text)

    def progress(self, text, factor):
        assert 0 <= factor <= 1
        self._sections[self._section].append(text)

    def template_icon(self, icon_value, **_):
        assert icon_value >= 0  # without a window icons have no number
        self._sections[self._section].append("picture")


def drawn(active):
    """What the panel shows for a strip, by section: properties, operators, labels and pictures; None without it."""
    _scene().sequence_editor.active_strip = _scene().sequence_editor.strips_all[active]
    if not panels.UNDERSTUDY_PT_stack.poll(bpy.context):
        return None
    for _ in range(
        3
    ):  # what is looked up beside drawing is there the second time, what that leads to the third
        sections = {}
        panels.UNDERSTUDY_PT_stack.draw(type("Drawer", (), {"layout": _Layout(sections)})(), bpy.context)
        while lookup_cache().tick() is not None:
            time.sleep(0.01)  # a loop without a pause takes Python from the thread that is waited for
    return sections


def model_button(role, name):
    """What the button below an engine may say, its tooltip, and whether the engine can be used."""
    state = lookup_cache().get_or_fetch(ModelLookup(model_folder(), role, name))
    button = SimpleNamespace(role=role, family=name)
    tooltip = bpy.types.UNDERSTUDY_OT_model_page.description(bpy.context, button)
    return [model_button_texts(state), tooltip, state.available]


def cost_tooltips():
    """The tooltip of every icon of a cost."""
    icon = bpy.types.UNDERSTUDY_OT_cost
    return {cost: icon.description(bpy.context, SimpleNamespace(cost=cost)) for cost in COST_ICONS}


def parameter_properties():
    """Name, tooltip and whether it may be animated of every parameter's property, by path."""
    modifier = settings_of(_scene()).modifiers[0]
    properties = {}
    for entry in parameters():
        shown = getattr(modifier, entry.group).bl_rna.properties[entry.name]
        properties[entry.path] = [shown.name, shown.description, shown.is_animatable]
    return properties


def people(active):
    """Who was found in a strip: where each is seen best, and the names of the modifiers that replace them."""
    scene = _scene()
    strip = scene.sequence_editor.active_strip = scene.sequence_editor.strips_all[active]
    shown = lookup_cache().get_or_fetch(people_lookup(scene, strip, settings_of(scene).modifiers[0]))
    if shown is None:
        return None
    return [
        [list(one.person.best_face), [entry.name for entry in modifiers_replacing(scene, strip, one.person)]]
        for one in shown
    ]


def use_modifier(index):
    """Make a modifier the active one, as pressing one of its buttons does."""
    settings_of(_scene()).active_index = index


def texts():
    """Every text of ours that Blender would translate by itself: names, descriptions and labels of classes."""
    strings = set()
    for base in (bpy.types.PropertyGroup, bpy.types.Operator, bpy.types.Panel, bpy.types.Menu):
        for entry in base.__subclasses__():
            if not entry.__module__.startswith("understudy.addon") or not getattr(
                entry, "is_registered", False
            ):
                continue
            strings.add(getattr(entry, "bl_label", ""))
            for prop in entry.bl_rna.properties:
                if not prop.is_hidden and prop.identifier in entry.__annotations__:
                    strings.update((prop.name, prop.description))
    return sorted(strings - {""})


def drive_by(path, by, index=0):
    """Drive a parameter of a modifier by another one of the same modifier."""
    modifier = settings_of(_scene()).modifiers[index]
    group, name = path.split(".")
    driver = getattr(modifier, group).driver_add(name).driver
    driver.type = "SUM"
    target = driver.variables.new().targets[0]
    target.id_type, target.id = "SCENE", _scene()
    target.data_path = f"understudy.modifiers[{index}].{by}"


def unregister_in_the_middle(active):
    """Unregister while people are looked for: what is left of that."""
    scene = _scene()
    strip = scene.sequence_editor.active_strip = scene.sequence_editor.strips_all[active]
    start_search(scene, strip, settings_of(scene).modifiers[0])
    (query,) = active_queries("people")
    pid, timer = query._worker.pid, query._timer

    def facts():
        return [
            Path(f"/proc/{pid}").exists(),
            bpy.app.timers.is_registered(timer),
            len(active_queries("people")),
        ]

    before = [*facts(), window_state().searched_strip]
    understudy.unregister()
    left = facts()
    understudy.register()
    return before, [*left, window_state().searched_strip]


def stretch(name, **values):
    """Set properties of a strip; the first and last frame of its clip that are looked through then, and its length."""
    strip = _scene().sequence_editor.strips_all[name]
    for key, value in values.items():
        setattr(strip, key, value)
    return [*source_range(_scene(), strip), strip.frame_duration]


@dataclass(frozen=True)
class _FailingLookup:
    """Something to look up that fails in a way nobody foresaw."""

    def fetch(self):
        raise KeyError("unforeseen")


@dataclass(frozen=True)
class _KnownLookup:
    """Something to look up that is known."""

    def fetch(self):
        return 42

    def to_view(self, result, _make_icon):
        return result


def looked_up_after_a_fault():
    """Ask for what fails and then for what is known, as panels do; returns what is drawn of both."""
    wanted = _FailingLookup(), _KnownLookup()
    for entry in wanted:
        lookup_cache().get(entry)
    while lookup_cache().tick() is not None:
        time.sleep(0.01)
    return [lookup_cache().get(entry) for entry in wanted]


def label_widths(region_widths):
    """How wide each label is and the place that it gets, at widths of the region.

    A row for each: the region's width, the path of the parameter, where the label is, its width, that of its place.
    Blender's layout works in units of 20 pixels; what it leaves free was measured in pictures of its window.
    """
    modifier = settings_of(_scene()).modifiers[0]
    shown = [entry for entry in parameters() if entry.kind is not bool]
    switches = [entry for entry in parameters() if entry.kind is bool]
    rows = []
    for width in region_widths:
        context = _Context(width)
        for entry in shown:
            field = fields.Field(getattr(modifier, entry.group), entry.name, entry.cost)
            rows += [[width, entry.path, *row] for row in _places(context, field)]
        for entry in switches:
            label = text_width(context, fields.Field(getattr(modifier, entry.group), entry.name).label)
            rows.append([width, entry.path, "switch", label + 24, width - 36])
    return rows


def progress_widths(region_widths, texts):
    """How wide what is said of a preparation is, and its place beside the Stop button, at widths of the region."""
    state, rows = window_state(), []
    for width in region_widths:
        for state.status in texts:
            sections = {}
            panels._draw_progress(_Layout(sections), _Context(width), "")
            (text, _) = sections[""]
            rows.append([text, text_width(_Context(width), text) + 8, width - 36 - 20])
    state.property_unset("status")
    return rows


def _places(context, field):
    """Where a label and its values are, each with its width and that of its place."""
    content = context.region.width - 36
    label = text_width(context, field.label)
    is_number = field.rna.type in ("INT", "FLOAT")
    if fields.fit_side_by_side(context, [field]):
        split = content - 40  # the icon of the cost, and the dot for keyframes
        yield "beside", label + 8, split * 0.4
        values = split * 0.6
    elif fields.fits_inside(context, field):
        yield "inside", label + 24, content - 24
        values = content
    else:
        yield "above", label + 8, content - 24
        values = content
    if not is_number and field.rna.type == "ENUM":
        yield "item", max(text_width(context, item.name) for item in field.rna.enum_items) + 22, values


class _Context:
    """A region of a width, and Blender's own preferences."""

    def __init__(self, width):
        self.region = SimpleNamespace(width=width)
        self.preferences = bpy.context.preferences
