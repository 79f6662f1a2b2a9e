"""How a Registry is reached, and by whom: the objects beside its pods, and what the cluster says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from registry_operator.kube.kinds import (
    BACKEND_TLS_POLICY,
    HTTP_ROUTE,
    INGRESS,
    NETWORK_POLICY,
    SERVICE,
    TLS_ROUTE,
    Kind,
)
from tests.apiserver.registries import PLAIN, SELF_SIGNED, Subject
from tests.cluster import foreign_crds
from tests.stage.kube import CUSTOM_RESOURCE_DEFINITION, Object
from tests.stage.pairs import make_pair
from tests.stage.stage import StagedOperator
from tests.stage.waiting import eventually

HOST = "images.example.org"
URL = f"https://{HOST}"
PARENT = {"name": "shared", "namespace": "gateways"}
CLIENT = {"namespaceSelector": {"matchLabels": {"team": "b"}}}


def clients(images: Subject) -> Any:
    """Who may connect to the registry's port; None: everybody."""
    (rule,) = images.child(NETWORK_POLICY)["spec"]["ingress"]
    assert rule["ports"] == [{"port": 5000, "protocol": "TCP"}]
    return rule.get("from")


def test_who_may_connect_follows_the_spec(own_operator: Callable[..., StagedOperator], images: Subject) -> None:
    """Beside those that the spec names always the operator, or its probe would call a working registry unreachable."""
    own_operator({"POD_NAMESPACE": "operators", "POD_LABELS": "app=operator"}).start()
    images.apply(PLAIN)
    images.ready()
    assert clients(images) is None
    images.apply({**PLAIN, "networkPolicy": {"from": [CLIENT]}})
    operator = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "operators"}},
        "podSelector": {"matchLabels": {"app": "operator"}},
    }
    eventually(lambda: clients(images) == [operator, CLIENT], "the clients of the spec", seen=images.seen)
    images.stage.kube.delete(NETWORK_POLICY, images.namespace, images.name)
    eventually(lambda: find(images, NETWORK_POLICY) is not None, "the policy's return", seen=images.seen)
    images.apply({**PLAIN, "networkPolicy": {"mode": "Disabled"}})
    gone(images, NETWORK_POLICY)


def test_a_policy_of_somebody_elses_is_told_and_left_alone(operator: StagedOperator, images: Subject) -> None:
    meta = {"namespace": images.namespace, "name": images.name}
    theirs = images.stage.kube.create(NETWORK_POLICY, {"metadata": meta, "spec": {"podSelector": {}}})
    images.apply(PLAIN)
    assert "NetworkPolicy images" in images.expect("Stalled", "True", "NameConflict")
    images.expect("Ready", "True")
    assert images.child(NETWORK_POLICY) == theirs
    images.apply({**PLAIN, "networkPolicy": {"mode": "Disabled"}})
    images.ready()
    assert images.child(NETWORK_POLICY) == theirs


def test_a_second_address_family_that_the_cluster_lacks_is_refused_and_stops_nothing(
    operator: StagedOperator, images: Subject
) -> None:
    images.apply(PLAIN)
    images.ready()
    before = images.child(SERVICE)["spec"]
    images.apply({**PLAIN, "service": {"ipFamilyPolicy": "RequireDualStack"}})
    assert "change spec.service" in images.expect("Stalled", "True", "Refused")
    images.expect("Ready", "True")
    assert images.child(SERVICE)["spec"] == before
    images.apply({**PLAIN, "service": {"ipFamilyPolicy": "PreferDualStack"}})
    images.ready()
    assert images.child(SERVICE)["spec"]["ipFamilyPolicy"] == "PreferDualStack"
    images.apply(PLAIN)
    images.ready()


def test_an_ingress_serves_the_certificate_that_the_pods_serve(operator: StagedOperator, images: Subject) -> None:
    """The certificate is for its host, and the Ingress follows each new one."""
    images.apply(exposed(ingress={"host": HOST, "className": "nginx"}))
    images.ready()
    spec = images.child(INGRESS)["spec"]
    assert spec["tls"] == [{"hosts": [HOST], "secretName": images.mounted("tls")}]
    assert '"images.example.org"' in images.secret("-admin", ".dockerconfigjson")
    message = images.expect("Exposed", "Unknown", "ExposurePending")
    assert "class nginx" in message
    give_address(images, INGRESS)
    assert URL in images.expect("Exposed", "True", "ReachedFromOutside")
    assert images.get()["status"]["endpoints"]["external"] == [URL]

    before = images.mounted("tls")
    images.edit({"tls": {"selfSigned": {}, "dnsNames": ["other.example.org"]}})
    eventually(lambda: images.mounted("tls") != before, "a new certificate", seen=images.seen)
    images.ready()
    assert images.child(INGRESS)["spec"]["tls"][0]["secretName"] == images.mounted("tls")

    images.apply(SELF_SIGNED)
    gone(images, INGRESS)
    images.expect("Exposed", "True", "ClusterInternal")
    assert "external" not in images.get()["status"]["endpoints"]


def test_an_ingress_with_a_certificate_of_its_own(operator: StagedOperator, images: Subject) -> None:
    images.apply(exposed(ingress={"host": HOST, "tlsSecretName": "public"}))
    images.ready()
    assert images.child(INGRESS)["spec"]["tls"] == [{"hosts": [HOST], "secretName": "public"}]
    assert "Secret public" in images.expect("Exposed", "Unknown", "ExposurePending")
    give_address(images, INGRESS)
    images.user_secret("public", make_pair([HOST]).data, kind="kubernetes.io/tls")
    images.expect("Exposed", "True", "ReachedFromOutside")


def test_a_certificate_that_is_not_for_the_host_is_told(operator: StagedOperator, images: Subject) -> None:
    inside = f"images.{images.namespace}.svc"
    images.user_secret("pair", make_pair([inside]).data, kind="kubernetes.io/tls")
    images.apply({"tls": {"secretRef": {"name": "pair"}}, "expose": {"ingress": {"host": HOST}}})
    assert HOST in images.expect("Exposed", "False", "HostNotCovered")
    images.expect("Ready", "True")
    images.user_secret("pair", make_pair([inside, HOST]).data, kind="kubernetes.io/tls")
    images.expect("Exposed", "Unknown", "ExposurePending")


def test_a_gateways_answers_are_told(operator: StagedOperator, images: Subject) -> None:
    images.apply(exposed(gateway={"hostnames": [HOST], "parentRefs": [PARENT]}))
    images.ready()
    assert "Gateway gateways/shared has not answered" in images.expect("Exposed", "Unknown", "ExposurePending")
    answer(images, HTTP_ROUTE, "False", "NotAllowedByListeners", "no listener takes routes from here")
    message = images.expect("Exposed", "False", "RouteRefused")
    assert "NotAllowedByListeners: no listener takes routes from here" in message
    images.expect("Ready", "True")
    images.expect("Reconciling", "True", "RouteRefused")
    answer(images, HTTP_ROUTE, "True", "Accepted", "")
    assert URL in images.expect("Exposed", "True", "ReachedFromOutside")
    images.ready()
    answer(images, BACKEND_TLS_POLICY, "False", "NoValidCACertificate", "ca.crt is broken")
    assert "BackendTLSPolicy: NoValidCACertificate" in images.expect("Exposed", "False", "RouteRefused")
    policy = images.child(BACKEND_TLS_POLICY)["spec"]
    assert policy["validation"]["hostname"] == f"images.{images.namespace}.svc"
    assert policy["validation"]["caCertificateRefs"][0]["name"] == "images-ca"


def test_a_way_that_is_changed_leaves_nothing_of_the_old_one(operator: StagedOperator, images: Subject) -> None:
    gateway = {"hostnames": [HOST], "parentRefs": [{**PARENT, "port": 8443}]}
    images.apply(exposed(gateway=gateway))
    images.ready()
    images.apply(exposed(gateway={**gateway, "tls": "Passthrough"}))
    gone(images, HTTP_ROUTE)
    gone(images, BACKEND_TLS_POLICY)
    images.ready()
    assert images.child(TLS_ROUTE)["spec"]["hostnames"] == [HOST]
    assert images.get()["status"]["endpoints"]["external"] == [f"{URL}:8443"]
    images.apply(SELF_SIGNED)
    gone(images, TLS_ROUTE)


def test_kinds_that_the_cluster_lacks_are_told_and_noticed_when_they_come(
    operator: StagedOperator, images: Subject
) -> None:
    """Also where they went away under a route that was there."""
    kube = images.stage.kube
    images.apply(exposed(gateway={"hostnames": [HOST], "parentRefs": [PARENT]}))
    images.ready()
    first = images.child(HTTP_ROUTE)["metadata"]["uid"]
    kube.delete(CUSTOM_RESOURCE_DEFINITION, None, f"{HTTP_ROUTE.plural}.{HTTP_ROUTE.group}")
    eventually(lambda: not kube.serves(HTTP_ROUTE), "the end of the kind")
    try:
        assert "HTTPRoute" in images.expect("Exposed", "False", "GatewayAPIMissing")
        images.expect("Ready", "True")
    finally:
        for path in foreign_crds.gateway_api():
            kube.apply_file(path.read_text())
    eventually(lambda: kube.serves(HTTP_ROUTE), "the return of the kind")
    eventually(lambda: find(images, HTTP_ROUTE) is not None, "the route", within=90, seen=images.seen)
    assert images.child(HTTP_ROUTE)["metadata"]["uid"] != first
    images.expect("Exposed", "Unknown", "ExposurePending")


def test_a_load_balancer_is_waited_for_and_told(operator: StagedOperator, images: Subject) -> None:
    balanced: Object = {**SELF_SIGNED, "service": {"type": "LoadBalancer", "port": 5443}}
    images.apply(balanced)
    images.expect("Ready", "True")
    images.expect("Exposed", "False", "LoadBalancerPending")
    give_address(images, SERVICE)
    assert "192.0.2.1" in images.expect("Exposed", "False", "HostNotCovered")
    images.apply({**balanced, "tls": {"selfSigned": {}, "ipAddresses": ["192.0.2.1"]}})
    images.expect("Exposed", "True", "ReachedFromOutside")
    assert images.ready()["status"]["endpoints"]["external"] == ["https://192.0.2.1:5443"]


def exposed(**expose: Any) -> Object:
    return {**SELF_SIGNED, "expose": expose}


def give_address(images: Subject, kind: Kind) -> None:
    """What a load balancer, or an ingress controller, writes."""
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}
    images.stage.kube.patch(kind, images.namespace, images.name, status, subresource="status")


def answer(images: Subject, kind: Kind, status: str, reason: str, message: str) -> None:
    """What a gateway's controller writes."""
    condition = {
        "type": "Accepted",
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": images.child(kind)["metadata"]["generation"],
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    listed, referred = ("ancestors", "ancestorRef") if kind is BACKEND_TLS_POLICY else ("parents", "parentRef")
    entry = {referred: PARENT, "controllerName": "example.org/gateway", "conditions": [condition]}
    patch = {"status": {listed: [entry]}}
    images.stage.kube.patch(kind, images.namespace, images.name, patch, subresource="status")


def gone(images: Subject, kind: Kind) -> None:
    eventually(lambda: find(images, kind) is None, f"the end of the {kind.kind}", seen=images.seen)


def find(images: Subject, kind: Kind) -> Object | None:
    return images.stage.kube.find(kind, images.namespace, images.name)
