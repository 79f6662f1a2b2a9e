"""The programs that a whole node runs beside the control plane, and their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cluster import runtime
from tests.cluster.addresses import Addresses
from tests.cluster.layout import NODE_NAME, Layout
from tests.cluster.plan import Process
from tests.cluster.programs import Programs

STORAGE_READY = "storage"
PROVISIONER = "rancher.io/local-path"
STORAGE_NAMESPACE = "local-path-storage"
HELPER_IMAGE = "busybox:1"


def processes(layout: Layout, addresses: Addresses, programs: Programs) -> list[Process]:
    """Write the configuration files and return the programs that read them."""
    kubernetes = str(programs.path("kubernetes"))
    scheduler = [f"--kubeconfig={layout.kubeconfig_of('scheduler')}", "--leader-elect=false", "--v=1"]
    return [
        Process("kube-scheduler", [kubernetes, "kube-scheduler", *scheduler]),
        Process("containerd", ["containerd", "--config", str(runtime.write(layout, addresses))]),
        Process("kubelet", [kubernetes, "kubelet", *_kubelet(layout, addresses)], after=str(layout.containerd_socket)),
        Process("kube-proxy", [kubernetes, "kube-proxy", f"--config={_proxy(layout)}", "--v=1"]),
        Process("coredns", [str(programs.path("coredns")), "-conf", str(_corefile(layout))]),
        Process(
            "local-path-provisioner",
            [str(programs.path("local-path-provisioner")), "start", *_provisioner(layout)],
            after=str(layout.gate(STORAGE_READY)),
        ),
    ]


def _write(layout: Layout, name: str, content: dict[str, Any]) -> Path:
    path = layout.folder / name
    path.write_text(json.dumps(content, indent=2))
    return path


def _kubelet(layout: Layout, addresses: Addresses) -> list[str]:
    folder, pki = layout.folder, layout.pki
    configuration = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        # Of this cluster alone: a kubelet deletes the groups of pods that it does not know, its neighbour's too.
        "cgroupRoot": f"/{layout.cgroup}",
        "containerRuntimeEndpoint": f"unix://{layout.containerd_socket}",
        "clusterDNS": [addresses.dns],
        "clusterDomain": "cluster.local",
        "resolvConf": str(layout.resolv_conf),  # the machine's own must not reach pods
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{pki}/kubelet.crt",
        "tlsPrivateKeyFile": f"{pki}/kubelet.key",
        "failSwapOn": False,
        "makeIPTablesUtilChains": False,  # kube-proxy uses nftables
        "podLogsDir": str(layout.pod_logs),
        "volumePluginDir": f"{folder}/volume-plugins",
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
            "nodefs.inodesFree": "1%",
        },
        "imageGCHighThresholdPercent": 100,  # loaded images cannot be pulled again
        "imageGCLowThresholdPercent": 99,
        "serializeImagePulls": False,
        "syncFrequency": "5s",
        "maxPods": 250,
    }
    path = _write(layout, "kubelet.json", configuration)
    return [
        f"--config={path}",
        f"--kubeconfig={layout.kubeconfig_of('kubelet')}",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={addresses.node}",
        "--v=1",
    ]


def _proxy(layout: Layout) -> Path:
    configuration = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": str(layout.kubeconfig_of("proxy"))},
        "hostnameOverride": NODE_NAME,
        "conntrack": {"maxPerCore": 0, "min": 0},  # the limit is the machine's, not a namespace's
        "nodePortAddresses": ["primary"],
    }
    return _write(layout, "kube-proxy.json", configuration)


def _corefile(layout: Layout) -> Path:
    path = layout.folder / "Corefile"
    path.write_text(
        f""".:53 {{
    errors
    cache 5
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        kubeconfig {layout.kubeconfig}
        pods insecure
    }}
}}
"""
    )
    return path


def provisioner_files(layout: Layout) -> dict[str, str]:
    """The ConfigMap of local-path-provisioner, which it reads from the API and from files, both."""
    paths = {"nodePathMap": [{"node": NODE_NAME, "paths": [f"{layout.folder}/volumes"]}], "cmdTimeoutSeconds": 60}
    container = {"name": "helper-pod", "image": HELPER_IMAGE, "imagePullPolicy": "IfNotPresent"}
    helper = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "helper-pod"},
        "spec": {"priorityClassName": "system-node-critical", "containers": [container]},
    }
    return {
        "config.json": json.dumps(paths),
        "helperPod.yaml": json.dumps(helper),
        "setup": '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
        "teardown": '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
    }


def _provisioner(layout: Layout) -> list[str]:
    folder = layout.folder / "local-path"
    folder.mkdir()
    for name, content in provisioner_files(layout).items():
        (folder / name).write_text(content)
    return [
        "--config", f"{folder}/config.json",
        "--kubeconfig", str(layout.kubeconfig),
        "--provisioner-name", PROVISIONER,
        "--helper-image", HELPER_IMAGE,
        "--helper-pod-file", f"{folder}/helperPod.yaml",
        "--namespace", STORAGE_NAMESPACE,
        "--configmap-name", "local-path-config",
    ]  # fmt: skip
