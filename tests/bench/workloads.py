"""What the bench makes many of. A further kind of ours is a further line in `WORKLOADS`.

`self-signed` is the default: all of its work is the operator's own, so that the ratio to the floor judges the operator.
With `own-ca` (the empty spec) each Registry has two Certificates and two Issuers, and cert-manager's controllers, not
the operator, decide how long it takes: told beside, for who runs it so.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from registry_operator.kube.kinds import CERTIFICATE, CLUSTER_ISSUER, REGISTRY, SECRET, Kind
from registry_operator.registry.authority import Pair, make_ca, make_leaf
from tests.stage.kube import Kube

Object = dict[str, Any]
PER_NAMESPACE = 10  # Registries of one team
RECORDED = 99_999  # the index of the one whose requests are recorded


@dataclass(frozen=True)
class Workload:
    """A kind with one spec for all, how its certificate is renewed, and what must be there before."""

    spec: Object
    renew: Callable[[Kube, str, str], None]
    kind: Kind = REGISTRY
    prepare: Callable[[Kube], None] = field(default=lambda _: None)

    def body(self, index: int) -> Object:
        return {
            "apiVersion": self.kind.api_version,
            "kind": self.kind.kind,
            "metadata": {"namespace": namespace(index), "name": name(index)},
            "spec": self.spec,
        }


def name(index: int) -> str:
    return f"reg-{index:05d}"


def namespace(index: int) -> str:
    return f"team-{index // PER_NAMESPACE:04d}"


def namespaces(size: int) -> list[str]:
    return sorted({namespace(index) for index in range(size)})


def is_ready(document: Object | None) -> bool:
    """Whether the present spec is followed and works: how kstatus judges, by conditions of the present generation."""
    if document is None:
        return False
    generation = document["metadata"]["generation"]
    wanted = {"Ready": "True", "Reconciling": "False", "Stalled": "False"}
    found = {
        condition["type"]: condition["status"]
        for condition in document.get("status", {}).get("conditions", [])
        if condition.get("observedGeneration") == generation
    }
    return all(found.get(kind) == status for kind, status in wanted.items())


def _age_self_signed(kube: Kube, team: str, registry: str) -> None:
    """Let the certificate be older than two thirds of its life, signed by the same CA: it is due."""
    secret = kube.get(SECRET, team, f"{registry}-selfsigned")
    data = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    names = x509.load_pem_x509_certificate(data["tls.crt"].encode()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    dns = names.value.get_values_for_type(x509.DNSName)
    addresses = [str(address) for address in names.value.get_values_for_type(x509.IPAddress)]
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=80)
    old = make_leaf(Pair(data["ca.crt"], data["ca.key"]), dns, addresses, then)
    kube.patch(SECRET, team, f"{registry}-selfsigned", {"data": _encoded({"tls.crt": old.crt, "tls.key": old.key})})


def _ask_cert_manager(kube: Kube, team: str, registry: str) -> None:
    """What `cmctl renew` does."""
    name = f"{registry}-certificate"
    certificate = kube.get(CERTIFICATE, team, name)
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = [c for c in certificate["status"].get("conditions", []) if c["type"] != "Issuing"]
    conditions.append(
        {
            "type": "Issuing",
            "status": "True",
            "reason": "ManuallyTriggered",
            "message": "renewed by the bench",
            "lastTransitionTime": now,
            "observedGeneration": certificate["metadata"]["generation"],
        }
    )
    kube.patch(CERTIFICATE, team, name, {"status": {"conditions": conditions}}, subresource="status")


def _company_issuer(kube: Kube) -> None:
    """One issuer for all, as a company's own."""
    authority = make_ca("bench CA", "bench", datetime.datetime.now(datetime.UTC))
    secret = {
        "metadata": {"namespace": "cert-manager", "name": "bench-ca"},
        "type": "kubernetes.io/tls",
        "data": _encoded({"tls.crt": authority.crt, "tls.key": authority.key}),
    }
    kube.apply(SECRET, secret)
    kube.apply(CLUSTER_ISSUER, {"metadata": {"name": "bench"}, "spec": {"ca": {"secretName": "bench-ca"}}})


def _encoded(values: dict[str, str]) -> dict[str, str]:
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


WORKLOADS: dict[str, Workload] = {
    "self-signed": Workload({"tls": {"selfSigned": {}}}, _age_self_signed),
    "own-ca": Workload({}, _ask_cert_manager),
    "issuer": Workload(
        {"tls": {"certManager": {"issuerRef": {"name": "bench", "kind": "ClusterIssuer"}}}},
        _ask_cert_manager,
        prepare=_company_issuer,
    ),
}
