"""Without cert-manager, and with it coming later."""

from __future__ import annotations

from registry_operator.kube import kinds
from tests.unit.reconcile.cluster import Object
from tests.unit.reconcile.subject import NAMES, Subject, secret
from tests.unit.reconcile.test_tls import pair

ISSUER: Object = {"tls": {"certManager": {"issuerRef": {"name": "team"}}}}


async def test_a_cert_manager_that_comes_later_is_noticed_without_an_event() -> None:
    """Its CRDs bring no objects, so nothing wakes the Registry: it must look again by itself, and soon."""
    subject = Subject({})
    again = await subject.settle()
    assert subject.condition("CertificateReady") == ("False", "CertManagerMissing")
    assert subject.condition("Stalled")[0] == "False"
    assert "spec.tls.selfSigned" in subject.message("CertificateReady")
    assert again is not None
    assert again <= 30
    subject.cert_manager = True
    subject.deliver()
    await subject.reconcile()
    assert subject.cluster.named(kinds.CERTIFICATE)
    assert subject.condition("CertificateReady") == ("False", "Issuing")


async def test_a_secret_that_belongs_to_its_certificate_is_not_foreign() -> None:
    """cert-manager with `--enable-certificate-owner-ref`: the Secret's controller is the Certificate."""
    subject = Subject(cert_manager=True)
    subject.cluster.put(kinds.ISSUER, {"metadata": {"namespace": "team-a", "name": "team"}, "spec": {}})
    subject.make(ISSUER)
    await subject.settle()
    certificate = subject.cluster.find(kinds.CERTIFICATE, NAMES.certificate)
    assert certificate is not None
    owner = {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "name": NAMES.certificate, "controller": True}
    metadata = {
        "labels": certificate["spec"]["secretTemplate"]["labels"],
        "ownerReferences": [{**owner, "uid": certificate["metadata"]["uid"]}],
    }
    names = tuple(certificate["spec"]["dnsNames"])
    subject.cluster.put(kinds.SECRET, secret(NAMES.certificate_secret, pair(names=names), **metadata))
    subject.deliver()
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")
    assert subject.condition("Stalled") == ("False", "NotStalled")
