"""What the steps of one reconciliation share, and what they tell each other."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from registry_operator.api.common import SecretKeyRef
from registry_operator.api.registry import Registry
from registry_operator.desired import meta
from registry_operator.desired.names import Names
from registry_operator.desired.network_policy import OperatorPods
from registry_operator.kube.errors import ApiError
from registry_operator.kube.kinds import DEPLOYMENT, SECRET
from registry_operator.reconcile.elsewhere import Elsewhere
from registry_operator.reconcile.refusals import refused
from registry_operator.reconcile.registry_cache import Key
from registry_operator.reconcile.user_secrets import UserSecret
from registry_operator.reconcile.views import DeploymentView, SecretView
from registry_operator.reconcile.world import World
from registry_operator.reconcile.writer import Writer
from registry_operator.registry.certificates import BadCertificate, bundled
from registry_operator.registry.s3 import Answer
from registry_operator.registry.upstream import Answer as UpstreamAnswer
from registry_operator.status.problems import Blocked, Problem, blocked
from registry_operator.status.reasons import Condition, Reason

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the operator's settings say for all Registries."""

    images: Mapping[str, str]
    cluster_domain: str = "cluster.local"
    operator_pods: OperatorPods | None = None
    """What a NetworkPolicy must let in; None where the operator runs outside of the cluster."""
    monitoring_namespaces: tuple[str, ...] = ()
    """Who may read the metrics of Registries that name nobody."""


@dataclass
class Run:
    """One reconciliation of one Registry."""

    registry: Registry
    world: World
    writer: Writer
    defaults: Defaults
    now: datetime
    elsewhere: Elsewhere
    problems: dict[Condition, Problem] = field(default_factory=dict)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    """What works but should be known: (reason of an Event, note)."""
    look: Answer | None = None
    """What the operator found when it tried the keys of a bucket."""
    upstream: UpstreamAnswer | None = None
    """What it found at the registry that is cached."""

    @property
    def key(self) -> Key:
        return Key(self.registry.namespace, self.registry.name)

    @property
    def names(self) -> Names:
        return Names(self.registry.name)

    async def attempt(self, condition: Condition, step: Awaitable[T]) -> T | None:
        """The step's result; if it is blocked, its problem is noted under the condition and the others go on."""
        try:
            return await step
        except Blocked as error:
            self.note(condition, error.problem)
            return None

    def note(self, condition: Condition, problem: Problem) -> None:
        """The first problem of a condition is the one to tell: later ones follow from it."""
        self.problems.setdefault(condition, problem)

    async def user_secret(self, name: str, field_path: str) -> UserSecret:
        """A Secret that the spec names there. Raises Blocked if there is none, or it may not be read."""
        what = f"Secret {name} ({field_path})"
        try:
            found = await self.world.user_secrets.get(self.registry.namespace, name)
        except ApiError as error:
            raise refused(error, what) from error
        if found is None:
            raise blocked(Reason.SECRET_MISSING, f"{what} does not exist: make it, or name another")
        self.writer.sure.rests_on(name, found.resource_version)
        return found

    async def entrusted_secret(self, name: str, field_path: str, address: str) -> UserSecret:
        """A Secret whose content goes to an address that the author of the spec chose.

        Its owner must have said so on the Secret itself: else whoever may write a Registry, but read no Secret, could
        have any Secret of the namespace sent anywhere.
        """
        secret = await self.user_secret(name, field_path)
        if secret.labels.get(meta.LABEL_USABLE_BY) != meta.USABLE_BY_REGISTRIES:
            label = f"{meta.LABEL_USABLE_BY}={meta.USABLE_BY_REGISTRIES}"
            message = (
                f"Secret {name} ({field_path}) would be used at {address}, which its owner has to allow: "
                f"kubectl label secret {name} {label}"
            )
            raise blocked(Reason.SECRET_NOT_LABELLED, message, stalled=True)
        return secret

    async def authorities(self, reference: SecretKeyRef, field_path: str) -> str:
        """The certificates of a bundle that the spec names.

        Nothing else of it: people put comments and even private keys beside certificates. (Nor do messages name the
        keys that a Secret has instead: the author of the spec need not be somebody who may read it.)
        """
        secret = await self.user_secret(reference.name, field_path)
        what = f"Secret {reference.name}, key {reference.key} ({field_path})"
        if reference.key not in secret.data:
            raise blocked(Reason.SECRET_INVALID, f"{what}: there is no such key", stalled=True)
        try:
            return "".join(bundled(secret.data[reference.key]))
        except BadCertificate as error:
            raise blocked(Reason.SECRET_INVALID, f"{what}: {error}", stalled=True) from None

    def mounted(self) -> frozenset[str]:
        """The Secrets that the Deployment of now names."""
        found = self.world.child(DEPLOYMENT, self.registry.namespace, self.names.deployment)
        return found.view.mounted if found is not None and isinstance(found.view, DeploymentView) else frozenset()

    def secret(self, name: str) -> Mapping[str, bytes] | None:
        """The cached content of one of our own Secrets."""
        found = self.world.child(SECRET, self.registry.namespace, name)
        return found.view.data if found is not None and isinstance(found.view, SecretView) else None
