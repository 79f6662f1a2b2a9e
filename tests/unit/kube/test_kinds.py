"""Paths of the API server."""

import pytest

from registry_operator.kube.kinds import CERTIFICATE, CLUSTER_ISSUER, DEPLOYMENT, NAMESPACE, REGISTRY, SECRET, Kind


@pytest.mark.parametrize(
    ("kind", "arguments", "path"),
    [
        (SECRET, (None,), "/api/v1/secrets"),
        (SECRET, ("a",), "/api/v1/namespaces/a/secrets"),
        (SECRET, ("a", "b"), "/api/v1/namespaces/a/secrets/b"),
        (NAMESPACE, (None, "a"), "/api/v1/namespaces/a"),
        (DEPLOYMENT, ("a", "b", "scale"), "/apis/apps/v1/namespaces/a/deployments/b/scale"),
        (CLUSTER_ISSUER, ("ignored", "b"), "/apis/cert-manager.io/v1/clusterissuers/b"),
        (REGISTRY, ("a", "b", "status"), "/apis/teamregistry.io/v1alpha1/namespaces/a/registries/b/status"),
    ],
)
def test_paths(kind: Kind, arguments: tuple[str | None, ...], path: str) -> None:
    assert kind.path(*arguments) == path


def test_an_object_of_a_namespaced_kind_needs_its_namespace() -> None:
    """Without this a delete would go to /api/v1/secrets/<name>, which is nowhere."""
    with pytest.raises(ValueError, match="Secret b needs a namespace"):
        SECRET.path(None, "b")


def test_names_for_people() -> None:
    assert str(SECRET) == "secrets"
    assert str(CERTIFICATE) == "certificates.cert-manager.io"
