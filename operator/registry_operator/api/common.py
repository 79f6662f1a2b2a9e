"""What several sections of a spec have alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Switch = Literal["Enabled", "Disabled"]


@dataclass(frozen=True, slots=True)
class SecretKeyRef:
    """A key of a Secret in the Registry's namespace."""

    name: str
    key: str
