"""The mutants: first those of everything that has gone wrong in operators before, then further ones."""

from __future__ import annotations

from tests.faults.mutants import Edit, Mutant
from tests.faults.plan import Plan

SELF_SIGNED = "create-self-signed"


def _m(name: str, file: str, old: str, new: str, *plans: Plan) -> Mutant:
    return Mutant(name, (Edit(file, old, new),), plans)


def plain(workload: str) -> Plan:
    """An undisturbed run."""
    return Plan("undisturbed", workload)


def foreign(child: str, workload: str = SELF_SIGNED) -> Plan:
    return Plan("foreign", workload, "taken", child)


def error(workload: str, where: str, what: str = "500") -> Plan:
    return Plan("errors", workload, what, where)


LISTED = (
    _m("forced adoption of a foreign object", "reconcile/ownership.py",
       "return Ownership.OURS if found.registry == registry.name else Ownership.FOREIGN", "return Ownership.OURS",
       foreign("services images"), foreign("secrets images-htpasswd")),
    _m("UID check dropped", "reconcile/writer.py",
       "body = desired if found is None else _with_uid(desired, found.uid)", "body = desired",
       Plan("rivals", "service", "met", "PATCH services images"),
       Plan("rivals", "version", "met", "PATCH deployments images")),
    _m("stale owner taken for ours", "reconcile/ownership.py",
       "if owner.uid == registry.uid:", "if owner.uid == registry.uid or owner.name == registry.name:",
       plain("recreate"), Plan("meddling", SELF_SIGNED, "recreate", "PATCH deployments images")),
    _m("exists means done", "reconcile/writer.py",
       "if found is not None and found.applied == digest(desired):", "if found is not None:",
       plain("service"), plain("version")),
    _m("retry removed", "engine/queue.py",
       "again = self._failed(key, error)", "self._failed(key, error)",
       error(SELF_SIGNED, "PATCH deployments images"), error("service", "PATCH services images", "503")),
    _m("status before children", "reconcile/registries.py",
       "        ensured = await self._ensure(run)\n",
       "        await self._reporter.report(run, await self._unchanged(run))\n"
       "        ensured = await self._ensure(run)\n",
       plain("version"), plain("to-plain"), Plan("lost", "version", "lost", "PATCH deployments images")),
    _m("password regenerated", "reconcile/writer.py",
       "missing = [key for key in sorted(keys) if not found.view.data.get(key)]",
       "missing = sorted(keys)",
       plain(SELF_SIGNED), plain("service")),
    _m("password written by apply", "reconcile/writer.py",
       "return answered(await self._client.create(kinds.SECRET, desired))",
       "return answered((await self._client.apply(kinds.SECRET, desired)).obj)",
       Plan("twin", SELF_SIGNED, "met", "POST secrets images-admin"),
       Plan("twin", SELF_SIGNED, "met", "POST secrets images-internal")),
    _m("removed optional field left behind", "reconcile/writer.py",
       "applied = await self._client.apply(kind, body, force=found is not None)",
       "if found is not None:\n"
       '                    meta = body["metadata"]\n'
       '                    at = meta["namespace"], meta["name"]\n'
       "                    return answered(await self._client.merge(kind, *at, dict(body)))\n"
       "                applied = await self._client.apply(kind, body, force=found is not None)",
       plain("everything-removed"), plain("service")),
    _m("pods rolled by a label-only change of a Secret", "reconcile/tls.py",
       "    return secret.data\n",
       '    mark = f"\\n# {secret.resource_version}\\n".encode()\n'
       '    return {**secret.data, "tls.crt": secret.data["tls.crt"] + mark}\n',
       plain("relabelled")),
    _m("TLS copy pruned while in use", "reconcile/pruning.py",
       "if each.name not in wanted and each.name not in mounted and _prunable",
       "if each.name not in wanted and _prunable",
       plain("renewed"), plain("to-self-signed")),
    Mutant("claim deleted on Retain", (
        Edit("reconcile/deletion.py", 'wanted = claim is not None and claim.when_deleted == "Delete"',
             "wanted = claim is not None"),
        Edit("reconcile/deletion.py", 'if wanted is not None and wanted.when_deleted == "Delete" and',
             "if wanted is not None and"),
    ), (plain("delete"), plain("recreate"))),
    _m("Deployment before htpasswd", "reconcile/accounts.py",
       "    await run.writer.ensure(kinds.SECRET, secrets.htpasswd(run.registry, file.text))\n",
       "    import asyncio\n\n"
       "    later = lambda: asyncio.ensure_future(\n"
       "        run.writer.ensure(kinds.SECRET, secrets.htpasswd(run.registry, file.text))\n    )\n"
       "    asyncio.get_running_loop().call_later(2, later)\n",
       plain(SELF_SIGNED)),
    _m("a lost Lease ignored", "app.py",
       '        self._failure = f"the Lease is lost: {reason}"\n', "        return\n",
       Plan("lost-lease", SELF_SIGNED)),
    _m("observedGeneration ahead of the work", "status/report.py",
       '"observedGeneration": found.registry.generation,', '"observedGeneration": found.registry.generation + 1,',
       plain("version")),
)  # fmt: skip

OWN = (
    _m("deletions not heard", "engine/reflector.py",
       "self._host.report(store.remove(obj))", "pass",
       Plan("drift", SELF_SIGNED, "deleted", "services images")),
    _m("nothing pruned", "reconcile/pruning.py",
       "if each.name not in wanted and each.name not in mounted and _prunable",
       "if False and each.name not in mounted and _prunable",
       plain("to-self-signed"), plain("renewed")),
    _m("first apply forced", "reconcile/writer.py",
       "applied = await self._client.apply(kind, body, force=found is not None)",
       "applied = await self._client.apply(kind, body, force=True)",
       Plan("rivals", SELF_SIGNED, "met", "PATCH services images")),
    _m("nothing taken back from a rival", "reconcile/intrusions.py",
       "if written_by_others(obj):", "if not obj:",
       Plan("rivals", SELF_SIGNED, "met", "PATCH services images"),
       Plan("rivals", SELF_SIGNED, "met", "PATCH configmaps images-ca")),
    _m("labels are nobody's business", "kube/managed_fields.py",
       '"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}',
       '"name", "namespace", "uid", "resourceVersion", "creationTimestamp", "labels"}',
       Plan("drift", SELF_SIGNED, "unlabelled", "serviceaccounts images-registry"),
       Plan("drift", SELF_SIGNED, "unlabelled", "services images")),
    _m("owners are nobody's business", "kube/managed_fields.py",
       '"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}',
       '"name", "namespace", "uid", "resourceVersion", "creationTimestamp", "ownerReferences"}',
       Plan("drift", SELF_SIGNED, "disowned", "services images"),
       Plan("drift", SELF_SIGNED, "disowned", "deployments images")),
    _m("everything written at each look", "reconcile/writer.py",
       "if found is not None and found.applied == digest(desired):", "if False:",
       Plan("restarts", SELF_SIGNED), plain(SELF_SIGNED)),
    _m("finalizer before the claim", "reconcile/deletion.py",
       "        await _delete_claim(client, run)\n",
       "        await _set(client, run, [])\n        await _delete_claim(client, run)\n",
       Plan("crashes", "delete-claim", "crash-after", "PATCH registries images"), plain("delete-claim")),
    _m("finalizer never taken off", "reconcile/deletion.py",
       "if name != FINALIZER])\n    return True\n", "if name])\n    return False\n",
       plain("delete-claim")),
    _m("what is derived from a password is not kept", "reconcile/writer.py",
       "return found if _holds(found, body) else await self._apply(kinds.SECRET, body, found)", "return found",
       plain("service"), plain("to-plain")),
    _m("a password in the log", "reconcile/accounts.py",
       '    return _text(found, "username"), _text(found, "password")\n',
       "    import logging\n\n"
       '    logging.getLogger(__name__).info("%s admin %s", run.registry.namespace, _text(found, "password"))\n'
       '    return _text(found, "username"), _text(found, "password")\n',
       plain(SELF_SIGNED)),
    _m("an exception nobody expected", "reconcile/pruning.py",
       "    wanted = addressed | _wanted(run)\n",
       '    if "-" in str(sorted(addressed)) and run.registry.generation > 1:\n'
       "        raise KeyError(run.registry.namespace)\n"
       "    wanted = addressed | _wanted(run)\n",
       plain("version")),
    _m("Paused ignored", "reconcile/writer.py",
       'self.paused = registry.spec.reconciliation == "Paused"', "self.paused = False",
       plain("pause")),
    _m("status written into a successor", "reconcile/reporting.py",
       '            "resourceVersion": registry.resource_version,\n        }\n        body',
       '        }\n        body',
       Plan("meddling", SELF_SIGNED, "recreate", "PATCH registries/status images"),
       Plan("errors", SELF_SIGNED, "409", "PATCH registries/status images")),
    _m("expired watch not listed anew", "engine/reflector.py",
       "        if isinstance(error, Gone):\n            self._version = \"\"\n",
       "        if isinstance(error, Gone):\n            pass\n",
       Plan("expired", SELF_SIGNED)),
    _m("silent watch believed", "engine/informer.py",
       "silence_seconds: float = 75,", "silence_seconds: float = 7500,",
       Plan("stalled", SELF_SIGNED)),
    _m("admin's Secret deleted with a blocked step", "reconcile/pruning.py",
       'names.admin: spec.auth.admin_user == "Enabled",', "names.admin: False,",
       plain(SELF_SIGNED)),
)  # fmt: skip

MUTANTS = LISTED + OWN
