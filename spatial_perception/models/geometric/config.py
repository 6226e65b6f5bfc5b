"""Settings of the geometric estimator."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel, ConfigDict, Field


class GeometricConfig(BaseModel):
    """All settings of the geometric estimator, in metres, radians and counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    voxel: float = Field(0.03, ge=0.005, le=0.2, description="Edge of the voxels that points are averaged in (m).")
    max_samples: int = Field(
        120_000, ge=5_000, le=2_000_000, description="Voxels kept at most; larger scenes get larger voxels."
    )
    max_extent: float = Field(120.0, ge=5.0, le=1000.0, description="Points farther apart than this are left out (m).")
    stray_ratio: float = Field(
        3.0,
        ge=1.5,
        le=20.0,
        description="A point this many times farther from its neighbours than they are from theirs is stray.",
    )
    wall_min_length: float = Field(0.5, ge=0.1, le=5.0, description="Shortest wall (m).")
    wall_max_thickness: float = Field(
        0.45, ge=0.05, le=1.0, description="Faces farther apart than this are two walls (m)."
    )
    object_min_size: float = Field(
        0.12, ge=0.02, le=1.0, description="Longest edge below which a group of points is no object (m)."
    )
    object_min_score: float = Field(0.35, ge=0.0, le=1.0, description="Boxes with a lower score are left out.")
    opening_min_score: float = Field(
        0.4, ge=0.0, le=1.0, description="Doors and windows with a lower score are left out."
    )

    def digest(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]
