"""Whose a child is, and what its name gives away."""

from registry_operator.desired import meta
from tests.unit.desired.registries import registry


def test_an_owned_child_goes_with_its_registry() -> None:
    (owner,) = meta.metadata(registry(), "x")["ownerReferences"]
    assert owner == {
        "apiVersion": "teamregistry.io/v1alpha1",
        "kind": "Registry",
        "name": "images",
        "uid": "u-1",
        "controller": True,
        "blockOwnerDeletion": True,
    }


def test_what_must_survive_has_no_owner_and_is_still_known_by_its_labels() -> None:
    metadata = meta.metadata(registry(), "x", owned=False)
    assert "ownerReferences" not in metadata
    assert metadata["labels"]["teamregistry.io/registry"] == "images"
    assert metadata["labels"]["app.kubernetes.io/managed-by"] == "registry-operator"


def test_the_selector_is_part_of_the_labels() -> None:
    assert meta.selector("images").items() <= meta.labels("images").items()


def test_empty_annotations_are_left_out() -> None:
    assert "annotations" not in meta.metadata(registry(), "x", annotations={})


def test_a_hash_depends_on_the_key_and_on_where_a_part_ends() -> None:
    assert len(meta.content_hash(b"k", b"ab", b"c")) == 10
    hashes = [
        meta.content_hash(b"k", b"ab", b"c"),
        meta.content_hash(b"k", b"a", b"bc"),
        meta.content_hash(b"k", b"abc"),
        meta.content_hash(b"other", b"ab", b"c"),
    ]
    assert len(set(hashes)) == 4
    assert meta.content_hash(b"k", b"ab", b"c") == hashes[0]
