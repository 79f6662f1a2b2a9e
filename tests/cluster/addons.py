"""What a cluster needs as objects: the DNS Service, the default storage class, namespaces."""

from __future__ import annotations

from typing import Any

from tests.cluster import worker
from tests.cluster.addresses import Addresses
from tests.cluster.layout import Layout

Object = dict[str, Any]


def namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def dns(addresses: Addresses) -> list[Object]:
    """CoreDNS runs on the node itself; its Service points there by hand."""
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "spec": {"clusterIP": addresses.dns, "ports": ports},
    }
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "addressType": "IPv4",
        "metadata": {
            "name": "kube-dns-node",
            "namespace": "kube-system",
            "labels": {"kubernetes.io/service-name": "kube-dns"},
        },
        "endpoints": [{"addresses": [addresses.node]}],
        "ports": ports,
    }
    return [service, endpoints]


def storage(layout: Layout) -> list[Object]:
    """The default class, in `local` volumes: unlike the controller-manager's own host paths they honour fsGroup."""
    spaced = {"namespace": worker.STORAGE_NAMESPACE}
    return [
        namespace(worker.STORAGE_NAMESPACE),
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "local-path-provisioner-service-account", **spaced},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "local-path-config", **spaced},
            "data": worker.provisioner_files(layout),
        },
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {
                "name": "standard",
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true", "defaultVolumeType": "local"},
            },
            "provisioner": worker.PROVISIONER,
            "reclaimPolicy": "Delete",
            "volumeBindingMode": "WaitForFirstConsumer",
            "allowVolumeExpansion": True,
        },
    ]
