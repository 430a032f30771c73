# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: what belongs to the machine, not to a project."""

import os
from dataclasses import dataclass, field
from typing import Any, cast

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ...core.cache.shared.redis_client import split_password, with_password
from ...core.cache.stores.encryption import KEY_VARIABLE
from ...core.models.providers import AUTOMATIC
from ...core.provenance.settings import MARKS_VARIABLE
from ...core.reporting.quoting import quote
from ...core.sessions import settings
from ...core.system.trust import TRUST_VARIABLE, trusted_folders
from .default_paths import default_paths
from .encryption_summary import encryption_summary
from .originals import ASK, ORIGINALS_ITEMS, ORIGINALS_VARIABLE
from .provider_items import PROVIDER_ITEMS, provider_notes

# The extension's own module: "bl_ext.<repository>.understudy" inside Blender.
PACKAGE = (__package__ or "").rpartition(".addon.")[0]

_ENVIRONMENT_VARIABLES = {
    "cache_folder": settings.CACHE_VARIABLE,
    "keep_results": settings.NO_CACHE_VARIABLE,
    "size_limit": settings.CAP_VARIABLE,
    "unused_days": settings.AGE_VARIABLE,
    "memory_megabytes": settings.MEMORY_VARIABLE,
    "shared_folder": settings.FOLDER_VARIABLE,
    "shared_with_group": settings.GROUP_VARIABLE,
    "redis_address": settings.REDIS_VARIABLE,
    "key_in_keyring": KEY_VARIABLE,
    "threads": settings.THREADS_VARIABLE,
    "provider": settings.PROVIDER_VARIABLE,
    "model_folder": settings.MODELS_VARIABLE,
    "originals": ORIGINALS_VARIABLE,
    "require_commercial": settings.COMMERCIAL_VARIABLE,
    "require_consent": settings.CONSENT_VARIABLE,
    "mark_outputs": MARKS_VARIABLE,
}
_SECTIONS = (
    ("Cache", ("cache_folder", "keep_results", "size_limit", "unused_days", "memory_megabytes")),
    ("Shared Cache", ("shared_folder", "shared_with_group", "redis_address", "redis_password")),
    ("Encryption", ("key_in_keyring",)),
    ("Models", ("model_folder", "provider", "threads")),
    ("Rendering", ("originals", "require_commercial", "require_consent", "mark_outputs")),
)


@dataclass(frozen=True)
class Preferences:
    """The preferences as plain values."""

    cache_folder: str = ""
    keep_results: bool = True
    size_limit: float = 50.0
    unused_days: int = 0
    memory_megabytes: int = 512
    shared_folder: str = ""
    shared_with_group: bool = False
    redis_url: str = field(default="", repr=False)
    key_in_keyring: bool = False
    threads: int = 0
    provider: str = AUTOMATIC
    model_folder: str = ""
    originals: str = ASK
    require_commercial: bool = False
    require_consent: bool = False
    mark_outputs: bool = True


def _move_password(page: Any, _context: Any) -> None:
    """Take a password out of an address, which is shown, into the field that is not."""
    plain, password = split_password(page.redis_address)
    if password:
        page.redis_password = password
        page.redis_address = plain


class UNDERSTUDY_preferences(bpy.types.AddonPreferences):
    """Understudy's page in Blender's preferences."""

    bl_idname = PACKAGE

    cache_folder: StringProperty(  # type: ignore[valid-type]
        name="Cache Folder",
        description="Keep the results of every project in this folder, instead of in one beside each project",
        subtype="DIR_PATH",
    )
    keep_results: BoolProperty(  # type: ignore[valid-type]
        name="Keep Results",
        description="Keep what was computed, so that it is never computed twice. Otherwise a run keeps its results "
        "in memory, and forgets them when it ends",
        default=Preferences.keep_results,
    )
    size_limit: FloatProperty(  # type: ignore[valid-type]
        name="Size Limit (GiB)",
        description="How many gigabytes of results the cache folder may hold; results that were "
        "unused longest are deleted first, and layer images are not counted. 0 for no limit",
        default=Preferences.size_limit,
        min=0.0,
        max=1 << 20,
        soft_max=1000.0,
        precision=1,
    )
    unused_days: IntProperty(  # type: ignore[valid-type]
        name="Keep Unused for Days",
        description="After how many days without use results are deleted; 0 for never",
        default=Preferences.unused_days,
        min=0,
        max=100_000,
        soft_max=365,
    )
    memory_megabytes: IntProperty(  # type: ignore[valid-type]
        name="Memory (MiB)",
        description="How many megabytes of results a run keeps in memory",
        default=Preferences.memory_megabytes,
        min=0,
        max=1 << 20,
        soft_max=8192,
    )
    shared_folder: StringProperty(  # type: ignore[valid-type]
        name="Shared Folder",
        description="A folder on a network share that several machines use together, beside their own",
        subtype="DIR_PATH",
    )
    shared_with_group: BoolProperty(  # type: ignore[valid-type]
        name="Let the Group In",
        description="Let the group of the folder read and write results and layers, not their owner alone: "
        "beside the project, and in the shared folder",
        default=Preferences.shared_with_group,
    )
    redis_address: StringProperty(  # type: ignore[valid-type]
        name="Redis Server",
        description="A Redis server that several machines use together, such as redis://render-server:6379/0. "
        "Needs Allow Online Access, unless it is this machine",
        update=_move_password,
    )
    redis_password: StringProperty(  # type: ignore[valid-type]
        name="Password",
        description="The Redis server's password. Blender keeps it readable in its preferences file: on a farm, "
        "set it with the address in the environment instead",
        subtype="PASSWORD",
    )
    key_in_keyring: BoolProperty(  # type: ignore[valid-type]
        name="Encrypt Results",
        description="Encrypt what is kept with the key in the system's keyring, service understudy, user cache",
        default=Preferences.key_in_keyring,
    )
    threads: IntProperty(  # type: ignore[valid-type]
        name="Threads", description="Threads a model may use; 0 uses every core", default=0, min=0, max=256
    )
    provider: EnumProperty(  # type: ignore[valid-type]
        name="Run Models On",
        description="Which processor runs the models. If it is not available, the CPU does",
        items=PROVIDER_ITEMS,
        default=AUTOMATIC,
    )
    model_folder: StringProperty(  # type: ignore[valid-type]
        name="Model Folder",
        description="The folder with your own models, if it is not the usual folder for such files",
        subtype="DIR_PATH",
    )

    originals: EnumProperty(  # type: ignore[valid-type]
        name="If No Face Can Be Swapped",
        description="What becomes of a render in which no face can be swapped as asked: "
        "an image or a model is missing, or an image shows no face",
        items=ORIGINALS_ITEMS,
        default=ASK,
    )
    require_commercial: BoolProperty(  # type: ignore[valid-type]
        name="Require Commercial Licenses",
        description="Refuse renders that run a model which is not surely licensed for commercial use. "
        "The strictest license counts of all models that run together",
        default=Preferences.require_commercial,
    )
    require_consent: BoolProperty(  # type: ignore[valid-type]
        name="Require Consent",
        description="Refuse renders with a source person whose consent is not recorded or has ended",
        default=Preferences.require_consent,
    )
    mark_outputs: BoolProperty(  # type: ignore[valid-type]
        name="Mark Outputs",
        description="Write into rendered images and movies that a face was replaced, and how, for other programs to "
        "read. Without marks nobody can tell what was done, and publishing may break the law",
        default=Preferences.mark_outputs,
    )

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the page."""
        layout: Any = self.layout
        for title, names in _SECTIONS:
            layout.label(text=title)
            column = layout.column()
            column.use_property_split = True
            for name in names:
                column.prop(self, name, placeholder=default_paths().get(name, ""))
                if os.environ.get(_ENVIRONMENT_VARIABLES.get(name, "")):
                    _draw_note(column, f"{_ENVIRONMENT_VARIABLES[name]} is set, and comes before this")
            for text in self.notes(title):
                _draw_note(column, text)
            if title == "Encryption":
                _value_column(column).operator("understudy.check_key")
        _draw_trusted_folders(layout)

    def notes(self, section: str) -> list[str]:
        """Return what there is to know of a section as it is set now, a line each."""
        wanted = preferences()
        if section == "Encryption":
            return [encryption_summary(os.environ, key_in_keyring=wanted.key_in_keyring)]
        if section == "Shared Cache" and wanted.redis_url and not settings.is_local(wanted.redis_url):
            online = cast("Any", bpy.app).online_access
            return [] if online else ["Redis is not used: System > Network > Allow Online Access is off"]
        if section == "Rendering" and not wanted.mark_outputs:
            return ["Renders do not say that a face was replaced, which the law may ask for"]
        return provider_notes(wanted.provider) if section == "Models" else []


def _value_column(column: Any) -> Any:
    """Return a place in line with the values of properties, right of their names."""
    parts = column.split(factor=0.4)
    parts.label()
    return parts


def _draw_trusted_folders(layout: Any) -> None:
    """Draw the folders that the user said yes to, each with a button that takes it back."""
    layout.label(text="Trusted Folders")
    column = layout.column()
    folders = trusted_folders({**os.environ, TRUST_VARIABLE: ""})
    if not folders:
        _draw_note(column, "None")
    for folder in folders:
        row = _value_column(column).row(align=True)
        row.label(text=quote(folder), icon="FILE_FOLDER", translate=False)
        row.operator("understudy.distrust_folder", text="", icon="X").folder = str(folder)
    if os.environ.get(TRUST_VARIABLE):
        _draw_note(column, f"{TRUST_VARIABLE} is set, and names folders as well")


def _draw_note(column: Any, text: str) -> None:
    _value_column(column).label(text=text, icon="INFO")


def preferences() -> Preferences:
    """Return the preferences; the defaults where Understudy was registered by a script."""
    addon: Any = bpy.context.preferences.addons.get(PACKAGE) if bpy.context.preferences else None
    page = None if addon is None else addon.preferences
    if page is None:
        return Preferences()
    return Preferences(
        page.cache_folder,
        page.keep_results,
        round(page.size_limit, 6),  # Blender keeps floats in 32 bits
        page.unused_days,
        page.memory_megabytes,
        page.shared_folder,
        page.shared_with_group,
        with_password(page.redis_address, page.redis_password),
        page.key_in_keyring,
        page.threads,
        page.provider,
        page.model_folder,
        page.originals,
        page.require_commercial,
        page.require_consent,
        page.mark_outputs,
    )


CLASSES = (UNDERSTUDY_preferences,)


def register() -> None:
    """Add the page."""
    for entry in CLASSES:
        bpy.utils.register_class(entry)


def unregister() -> None:
    """Remove the page."""
    for entry in reversed(CLASSES):
        bpy.utils.unregister_class(entry)
