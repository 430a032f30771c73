# SPDX-License-Identifier: GPL-3.0-or-later
"""The models Understudy knows: families, which are contracts, and the files that keep them.

The facts are in `catalog.toml` beside this module.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import ModelError
from .onnx_file import OnnxInfo
from .tensor_info import TensorInfo

ROLES = (
    "detect",
    "landmark",
    "embed",
    "pose",
    "attribute",
    "occlude",
    "swap",
    "convert",
    "enhance",
    "safeguard",
)
IMAGE_OUTPUT_ROLES = ("occlude", "swap", "enhance")
"""Those whose networks draw images: half precision costs these less than a level, points and vectors more."""
PICTURE_ROLES = ("swap", "enhance")
"""Those of them whose images are seen as they are, and not used as a mask."""

_ANY_LEADING = "..."


@dataclass(frozen=True)
class TensorSpec:
    """What is expected of an input or output."""

    name: str
    """Empty where the files of the family call it differently: then its place counts."""
    dtype: str
    shape: tuple[int | str, ...]
    """A number is that size, a name any size; a leading `...` any leading sizes."""

    def __str__(self) -> str:
        return f"{self.name or 'any name'} ({self.dtype} {' x '.join(map(str, self.shape))})"


@dataclass(frozen=True)
class Family:
    """A contract: what a network takes, how its image is prepared, and what it gives."""

    role: str
    name: str
    title: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    more_outputs: bool
    """Whether a file may have outputs after these, which are not used."""
    size: int
    """Height and width of the image in pixels; for networks of any size the usual one; 0 if there is none."""
    layout: str
    """nchw or nhwc."""
    colour: str
    """rgb or bgr: the order of the channels."""
    mean: tuple[float, float, float]
    """The network sees (pixel - mean) / std, with pixels in 0..255, in the order of `colour`."""
    std: tuple[float, float, float]
    template: str
    """The warp template its crops are aligned to; empty if it takes no aligned crop."""
    values: Mapping[str, float | int | bool | str] = field(default_factory=dict)
    """What else is to be known, by name."""

    @property
    def path(self) -> str:
        """Role and name, as `embed/arcface`: what `--family` takes."""
        return f"{self.role}/{self.name}"


@dataclass(frozen=True)
class ModelCard:
    """One published file."""

    role: str
    family: str
    file: str
    title: str
    vendor: str
    licence: str
    """An SPDX identifier, or the vendor's words."""
    commercial: bool
    """Whether its licence surely allows commercial use."""
    page: str
    """Where its vendor publishes it."""
    size: int
    """In bytes; 0 if not known, which is only where the hash is not known either."""
    sha256: str
    """Lower-case hex; empty if not known."""
    url: str
    """The file itself; empty if it can't be fetched alone."""
    note: str
    member: str = ""
    """Where `url` is that of a zip, such as a package: which member of it the file is."""
    archive_size: int = 0
    """The zip's own size in bytes."""
    archive_sha256: str = ""
    """The zip's own, lower-case hex."""

    @property
    def download(self) -> "ModelCard":
        """What is downloaded to get the file: the zip that it is a member of, or the file itself."""
        if not self.member:
            return self
        name = self.url.rpartition("/")[2]
        return replace(self, file=name, size=self.archive_size, sha256=self.archive_sha256, member="")


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Everything `catalog.toml` says."""

    families: Mapping[tuple[str, str], Family]
    models: tuple[ModelCard, ...]

    def family(self, role: str, name: str) -> Family:
        """Return a family. ModelError lists those of the role if there is none of this name."""
        family = self.families.get((role, name))
        if family is None:
            names = ", ".join(known for known_role, known in self.families if known_role == role)
            raise ModelError(f"no model family {role}/{name} is known: {names or 'no such role'}")
        return family

    def find_family(self, text: str) -> Family:
        """Return the family of a text such as `embed/arcface` or, where only one role has it, `arcface`."""
        role, slash, name = text.partition("/")
        if slash:
            return self.family(role, name)
        matches = [family for family in self.families.values() if family.name == text]
        if len(matches) == 1:
            return matches[0]
        if not matches:
            raise ModelError(f"no model family {text!r} is known: `understudy models list` names them")
        raise ModelError(f"{text!r} can be {' or '.join(family.path for family in matches)}: name one")

    def card_by_sha256(self, sha256: str) -> ModelCard | None:
        """Return the published file with this content."""
        return next((model for model in self.models if model.sha256 == sha256), None)

    def may_publish(self, size_bytes: int) -> bool:
        """Tell whether a file can be a published one: if not, it need not be hashed to be told.

        Parameters
        ----------
        size_bytes : int
            The file's size.

        Returns
        -------
        bool
            Whether a published file has that size.
        """
        return any(model.size == size_bytes and model.sha256 for model in self.models)

    def card_by_file_name(self, name: str) -> ModelCard:
        """Return the published file of this name. ModelError if there is none."""
        card = next((model for model in self.models if model.file == name), None)
        if card is None:
            raise ModelError(f"the catalog has no file {name!r}: `understudy models list` names them")
        return card


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read a catalogue (default: the one that comes with Understudy). ModelError if it can't be used."""
    return _built_in_catalogue() if path is None else _read(path)


@cache
def _built_in_catalogue() -> Catalogue:
    return _read(Path(__file__).with_name("catalog.toml"))


def _read(path: Path) -> Catalogue:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        families = [_family(entry) for entry in table["family"]]
        models = tuple(_card(entry) for entry in table["model"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"can't use the catalog {path}: {error}; install Understudy again") from error
    return Catalogue({(family.role, family.name): family for family in families}, models)


def _family(entry: dict[str, Any]) -> Family:
    if entry["role"] not in ROLES:
        raise ValueError(f"no role is called {entry['role']!r}")
    mean, std = tuple(map(float, entry["mean"])), tuple(map(float, entry["std"]))
    return Family(
        role=entry["role"],
        name=entry["name"],
        title=entry["title"],
        inputs=tuple(map(_spec, entry["inputs"])),
        outputs=tuple(map(_spec, entry["outputs"])),
        more_outputs=entry.get("more_outputs", False),
        size=entry["size"],
        layout=entry["layout"],
        colour=entry["colour"],
        mean=(mean[0], mean[1], mean[2]),
        std=(std[0], std[1], std[2]),
        template=entry.get("template", ""),
        values=entry.get("values", {}),
    )


def _spec(entry: dict[str, Any]) -> TensorSpec:
    return TensorSpec(entry["name"], entry.get("dtype", "float32"), tuple(entry["shape"]))


def _card(entry: dict[str, Any]) -> ModelCard:
    optional: dict[str, Any] = {"size": 0, "sha256": "", "url": "", "note": ""}
    return ModelCard(**(optional | entry))


def mismatch(family: Family, onnx_info: OnnxInfo) -> str:
    """Say in what a file differs from what its family's files take and give; empty if in nothing."""
    for kind, specs, infos, more in (
        ("input", family.inputs, onnx_info.inputs, False),
        ("output", family.outputs, onnx_info.outputs, family.more_outputs),
    ):
        if len(infos) < len(specs) or (len(infos) > len(specs) and not more):
            return f"expected {_tensor_list_text(specs, kind)}, found {_tensor_list_text(infos, kind)}"
        by_name = {info.name: info for info in infos}
        for spec, placed in zip(specs, infos, strict=False):
            info = by_name.get(spec.name) if spec.name else placed
            if info is None:
                return f"expected the {kind} {spec}, found {_tensor_list_text(infos, kind)}"
            if not _fits(spec, info):
                return f"expected the {kind} {spec}, found {info}"
    return ""


def _tensor_list_text(tensors: "tuple[TensorSpec, ...] | tuple[TensorInfo, ...]", kind: str) -> str:
    shown = ", ".join(map(str, tensors[:4])) + (", …" if len(tensors) > 4 else "")
    return f"{len(tensors)} {kind}{'' if len(tensors) == 1 else 's'}: {shown or 'none'}"


def _fits(spec: TensorSpec, info: TensorInfo) -> bool:
    if spec.dtype != info.dtype:
        return False
    if info.shape is None:
        return True
    wanted, have = spec.shape, info.shape
    if wanted[:1] == (_ANY_LEADING,):
        wanted = wanted[1:]
        have = have[len(have) - len(wanted) :] if len(have) >= len(wanted) else have
    if len(wanted) != len(have):
        return False
    return all(
        isinstance(size, str) or isinstance(other, str) or size == other
        for size, other in zip(wanted, have, strict=True)
    )
