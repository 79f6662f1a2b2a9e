"""Nothing is deleted that a pod may still need, least of all one that cannot be seen."""

from __future__ import annotations

from registry_operator.kube import kinds
from registry_operator.kube.errors import Forbidden
from tests.unit.reconcile.cluster import Object
from tests.unit.reconcile.subject import Subject

SELF_SIGNED: Object = {"tls": {"selfSigned": {}}}


def configurations(subject: Subject) -> set[str]:
    return {name for kind, _, name in subject.cluster.objects if kind is kinds.SECRET and "-config-" in name}


async def test_no_secret_goes_while_pods_cannot_be_seen() -> None:
    """Reads of workloads are refused in this namespace: the caches are empty, and that says nothing."""
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    (before,) = configurations(subject)
    subject.respec({**SELF_SIGNED, "log": {"level": "debug"}})
    for informer in subject.world.informers:
        if informer.kind in (kinds.DEPLOYMENT, kinds.REPLICA_SET, kinds.POD):
            list(informer.store.replace(None, [], subject.cluster.version, 2**60))
            informer._reflectors[None].listed = False
    await subject.reconcile()
    assert before in configurations(subject)
    assert len(configurations(subject)) == 2

    await subject.settle()  # which lists them again
    assert len(configurations(subject)) == 1
    assert before not in configurations(subject)


def copies(subject: Subject) -> set[str]:
    return {name for name in subject.cluster.named(kinds.SECRET) if "-tls-" in name}


async def test_what_the_ingress_serves_stays_while_it_cannot_be_changed() -> None:
    """A webhook that is down refuses the Ingress its new certificate; the one that it serves must not go."""
    exposed = {**SELF_SIGNED, "expose": {"ingress": {"host": "images.example.com"}}}
    subject = Subject(exposed)
    await subject.settle()
    (before,) = copies(subject)
    subject.cluster.errors["apply", "Ingress"] = Forbidden(403, "Forbidden", "failed calling webhook: no answer")
    subject.respec({"tls": {"selfSigned": {}, "dnsNames": ["images.example.org"]}, "expose": exposed["expose"]})
    await subject.settle()
    assert before in copies(subject)
    assert len(copies(subject)) == 2

    subject.cluster.errors.clear()
    await subject.settle()
    assert len(copies(subject)) == 1
    assert before not in copies(subject)
