# SPDX-License-Identifier: GPL-3.0-or-later
"""What each stage that keeps results gives, by the stage's name: what is read from a cache is held against it."""

from collections.abc import Mapping

from ..analysis.attributes import ATTRIBUTE_SCHEMA
from ..analysis.detect import detect_schema
from ..analysis.embed import embed_schema
from ..analysis.face_exposure import EXPOSURE_SCHEMA
from ..analysis.face_look import FACE_LOOK_SCHEMA
from ..analysis.frame_reader import CLIP_SCHEMA, FRAME_SCHEMA
from ..analysis.landmark import landmark_schema
from ..analysis.nudity import NUDITY_SCHEMA
from ..analysis.person_clustering import people_schema
from ..analysis.shots import CUTS_SCHEMA
from ..cache.base.schema import StageSchema
from ..media.clip_info_cache import CLIP_INFO_SCHEMA, TRANSFER_SCHEMA
from ..swap.neural_region import ENHANCED_SCHEMA
from ..swap.neural_source import SOURCE_VECTOR_SCHEMA
from ..swap.neutral_face import NEUTRAL_FACE_SCHEMA
from ..swap.schemas import move_schema, swap_schema, target_schema
from ..swap.source import SOURCE_SCHEMA
from ..swap.swap_look import SWAP_LOOK_SCHEMA
from ..swap.texture import TEXTURE_SCHEMA
from .light_stage import LIGHT_SCHEMA
from .occlusion_stage import occlude_schema
from .source_check import SOURCE_IMAGE_SCHEMA
from .target_forms import SHAPE_SCHEMA
from .target_glasses import GLASSES_SCHEMA

STAGE_SCHEMAS: Mapping[str, StageSchema] = {
    "attribute": ATTRIBUTE_SCHEMA,
    "clip": CLIP_SCHEMA,
    "cuts": CUTS_SCHEMA,
    "detect": detect_schema,
    "embed": embed_schema,
    "enhance": ENHANCED_SCHEMA,
    "exposure": EXPOSURE_SCHEMA,
    "facts": CLIP_INFO_SCHEMA,
    "frame": FRAME_SCHEMA,
    "glasses": GLASSES_SCHEMA,
    "landmark": landmark_schema,
    "light": LIGHT_SCHEMA,
    "look": FACE_LOOK_SCHEMA,
    "move": move_schema,
    "neutral_face": NEUTRAL_FACE_SCHEMA,
    "note": SOURCE_IMAGE_SCHEMA,
    "nudity": NUDITY_SCHEMA,
    "occlude": occlude_schema,
    "people": people_schema,
    "shape": SHAPE_SCHEMA,
    "source": SOURCE_SCHEMA,
    "source_vector": SOURCE_VECTOR_SCHEMA,
    "swap": swap_schema,
    "swap_look": SWAP_LOOK_SCHEMA,
    "target": target_schema,
    "texture": TEXTURE_SCHEMA,
    "transfer": TRANSFER_SCHEMA,
}
