"""etcd, kube-apiserver, controller-manager and cert-manager: their flags."""

from __future__ import annotations

import json

from tests.cluster.addresses import Addresses
from tests.cluster.layout import Layout
from tests.cluster.plan import Process
from tests.cluster.programs import Programs

CRDS_READY = "crds"


def processes(
    layout: Layout, addresses: Addresses, programs: Programs, *, cert_manager: bool, audited: str = ""
) -> list[Process]:
    """The programs of a control plane; the scheduler belongs to a whole node, which has a place for pods.

    `audited`: a user whose requests the API server writes into `layout.audit_log`.
    """
    kubernetes = str(programs.path("kubernetes"))
    result = [
        Process("etcd", [kubernetes, "etcd", *_etcd(layout)]),
        Process(
            "kube-apiserver", [kubernetes, "kube-apiserver", *_apiserver(layout, addresses), *_audit(layout, audited)]
        ),
        Process("kube-controller-manager", [kubernetes, "kube-controller-manager", *_controllers(layout, addresses)]),
    ]
    if cert_manager:
        argv = [str(programs.path("cert-manager")), "--kubeconfig", str(layout.kubeconfig)]
        result.append(Process("cert-manager", argv, after=str(layout.gate(CRDS_READY))))
    return result


def _etcd(layout: Layout) -> list[str]:
    """Without fsync: two to three times faster, and a test cluster that loses power is not missed."""
    client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
    return [
        "--name=n",
        f"--data-dir={layout.folder}/etcd",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=n={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
        f"--quota-backend-bytes={4 << 30}",
    ]


def _apiserver(layout: Layout, addresses: Addresses) -> list[str]:
    pki = layout.pki
    return [
        "--etcd-servers=http://127.0.0.1:2379",
        "--secure-port=6443",
        f"--advertise-address={addresses.node}",
        f"--service-cluster-ip-range={addresses.services}",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--service-account-key-file={pki}/service-accounts.pub",
        f"--service-account-signing-key-file={pki}/service-accounts.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
        # Host names of nodes resolve nowhere: without this, logs and exec fail.
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-client-certificate={pki}/apiserver-client.crt",
        f"--kubelet-client-key={pki}/apiserver-client.key",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        "--profiling=false",
        "--v=1",
    ]


def _audit(layout: Layout, user: str) -> list[str]:
    """One line for each request of the user: a watch when it begins, everything else when it is answered."""
    if not user:
        return []
    rule = {"level": "Metadata", "users": [user]}
    begun = {**rule, "verbs": ["watch"], "omitStages": ["RequestReceived", "ResponseComplete"]}
    answered = {**rule, "omitStages": ["RequestReceived", "ResponseStarted"]}
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [begun, answered, {"level": "None"}]}
    layout.audit_policy.write_text(json.dumps(policy))
    return [
        f"--audit-policy-file={layout.audit_policy}",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-maxsize=8192",
    ]


def _controllers(layout: Layout, addresses: Addresses) -> list[str]:
    pki = layout.pki
    return [
        f"--kubeconfig={layout.kubeconfig_of('controller-manager')}",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={pki}/service-accounts.key",
        f"--root-ca-file={pki}/ca.crt",
        f"--cluster-signing-cert-file={pki}/ca.crt",
        f"--cluster-signing-key-file={pki}/ca.key",
        f"--service-cluster-ip-range={addresses.services}",
        "--leader-elect=false",
        "--horizontal-pod-autoscaler-sync-period=2s",  # 15 s by default, of which tests would wait for several
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
        "--v=1",
    ]
