"""Writes a cluster's certificates and kubeconfig files."""

from __future__ import annotations

from tests.cluster import pki
from tests.cluster.addresses import Addresses
from tests.cluster.layout import NODE_NAME, Layout

SERVER_NAMES = (
    "localhost",
    "127.0.0.1",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)

# user of a kubeconfig file → (common name, organization)
USERS = {
    "admin": ("admin", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "proxy": ("system:kube-proxy", ""),
    "kubelet": (f"system:node:{NODE_NAME}", "system:nodes"),
}


def write(layout: Layout, addresses: Addresses, context: str) -> None:
    """Make everything anew: it takes a tenth of a second, and a cluster never meets another one's keys."""
    layout.pki.mkdir(parents=True, mode=0o700)
    authority = pki.Authority("registry-operator-test-cluster")
    authority.pair.write(layout.pki, "ca")
    private, public = pki.service_account_key()
    pki.write_key(layout.pki / "service-accounts.key", private)
    (layout.pki / "service-accounts.pub").write_bytes(public)
    authority.issue("kube-apiserver", names=[*SERVER_NAMES, addresses.api, addresses.node]).write(
        layout.pki, "apiserver"
    )
    authority.issue("kube-apiserver", organization="system:masters").write(layout.pki, "apiserver-client")
    authority.issue(NODE_NAME, names=[NODE_NAME, addresses.node]).write(layout.pki, "kubelet")
    for user, (common_name, organization) in USERS.items():
        pair = authority.issue(common_name, organization=organization)
        path = layout.kubeconfig_of(user)
        path.touch(mode=0o600)
        path.write_text(pki.kubeconfig(context, addresses.server, authority.pair.certificate, user, pair))
