"""What the author says of the image, over what the settings give."""

from typing import Any

import pytest

from registry_operator.desired import image
from tests.unit.desired.registries import registry

DIGEST = "sha256:" + "4" * 64


@pytest.mark.parametrize(
    ("wanted", "default", "expected"),
    [
        ({}, "registry:2.8.3", "registry:2.8.3"),
        ({}, "localhost:5000/registry", "localhost:5000/registry"),
        ({"repository": "m.example:5000/r"}, "registry:2.8.3", "m.example:5000/r:2.8.3"),
        ({"repository": "m.example:5000/r"}, f"registry@{DIGEST}", f"m.example:5000/r@{DIGEST}"),
        ({"tag": "2.8.1"}, "localhost:5000/registry:2.8.3", "localhost:5000/registry:2.8.1"),
        ({"digest": DIGEST}, "registry:2.8.3", f"registry@{DIGEST}"),
        ({"tag": "2"}, f"registry:2.8.3@{DIGEST}", "registry:2"),
        ({"repository": "r", "tag": "2"}, "registry:2.8.3", "r:2"),
    ],
)
def test_a_reference_is_put_together(wanted: dict[str, Any], default: str, expected: str) -> None:
    assert image.reference(registry({"image": wanted}), default) == expected


@pytest.mark.parametrize(
    ("reference", "tag"),
    [
        ("registry:2.8.3", "2.8.3"),
        ("localhost:5000/registry", None),
        ("localhost:5000/registry:3", "3"),
        (f"registry@{DIGEST}", None),
        (f"registry:2.8.3@{DIGEST}", None),
    ],
)
def test_a_tag_is_found(reference: str, tag: str | None) -> None:
    assert image.tag(reference) == tag
