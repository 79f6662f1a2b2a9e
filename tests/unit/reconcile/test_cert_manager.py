"""Without cert-manager, and with it coming later."""

from __future__ import annotations

from registry_operator.kube import kinds
from tests.unit.reconcile.subject import Subject


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
