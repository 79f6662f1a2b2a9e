"""What the steps of a reconciliation brought about, for those that come after them: the prober and the report."""

from __future__ import annotations

from dataclasses import dataclass

from registry_operator.reconcile.accounts import Accounts
from registry_operator.reconcile.tls import Serving
from registry_operator.reconcile.views import ServiceView


@dataclass(frozen=True, slots=True)
class Ensured:
    """None where a step is blocked and nothing of it stands, or where the spec asks for nothing."""

    service: ServiceView | None = None
    accounts: Accounts | None = None
    serving: Serving | None = None
    ca_config_map: str | None = None
