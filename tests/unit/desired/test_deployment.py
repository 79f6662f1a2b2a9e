"""What must be true of every pod, whatever its author asked for."""

from typing import Any

import pytest
import yaml

from registry_operator.desired import claim, config, deployment
from registry_operator.desired.rollout import Rollout
from tests.golden.children import NAMES, children
from tests.golden.children import registry as golden
from tests.unit.desired.registries import registry

Object = dict[str, Any]


def build(
    spec: Object | None = None,
    *,
    config_secret: str = "images-config-1",
    tls_secret: str = "images-tls-1",
    claim_name: str | None = "images-data",
    way: Rollout = Rollout.RECREATE,
) -> Object:
    return deployment.deployment(
        registry(spec),
        image="registry:2.8.3",
        config_secret=config_secret,
        tls_secret=tls_secret,
        htpasswd_secret="images-htpasswd",
        claim_name=claim_name,
        rollout=way,
    )


def pod(subject: Object) -> Object:
    found: Object = subject["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("case", NAMES)
def test_every_pod_is_restricted_and_alone(case: str) -> None:
    spec = pod(children(golden(case))[-1])
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 10000
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False


@pytest.mark.parametrize("case", NAMES)
def test_every_path_of_the_configuration_is_mounted(case: str) -> None:
    subject = golden(case)
    (container,) = pod(children(subject)[-1])["containers"]
    data = yaml.safe_load(config.text(subject, http_secret="x"))
    folders = {mount["mountPath"] for mount in container["volumeMounts"]}
    paths = [container["args"][1]]
    paths += [f"{part['rootdirectory']}/x" for name, part in data["storage"].items() if name == "filesystem"]
    paths += [data["storage"].get("gcs", {}).get("keyfile")] if "keyfile" in data["storage"].get("gcs", {}) else []
    paths += ["/etc/registry-upstream/url"] if "proxy" in data else []  # a mark of the operator's, which nobody reads
    trusted = [each["value"] for each in container["env"] if each["name"] == "SSL_CERT_DIR"]
    paths += [f"{folder}/ca.crt" for value in trusted for folder in value.split(":")]
    paths += [path for key, path in data["http"].get("tls", {}).items() if key in ("certificate", "key")]
    paths += [data["auth"]["htpasswd"]["path"]] if "auth" in data else []
    assert {path.rpartition("/")[0] for path in paths} == folders
    assert data["http"]["addr"] == f":{container['ports'][0]['containerPort']}"


@pytest.mark.parametrize("case", NAMES)
def test_probes_speak_as_the_registry_does(case: str) -> None:
    subject = golden(case)
    (container,) = pod(children(subject)[-1])["containers"]
    scheme = "HTTPS" if subject.spec.tls.enabled else "HTTP"
    probes = {name for name in container if name.endswith("Probe")}
    assert ("livenessProbe" in probes) is (subject.spec.storage.bucket is None), "a restart cures no bucket"
    for probe in probes:
        assert container[probe]["httpGet"] == {"path": "/", "port": "registry", "scheme": scheme}


@pytest.mark.parametrize("case", NAMES)
def test_inputs_are_folders_that_the_pod_cannot_start_without(case: str) -> None:
    spec = pod(children(golden(case))[-1])
    assert all("subPath" not in mount for mount in spec["containers"][0]["volumeMounts"])
    secrets = [volume["secret"] for volume in spec["volumes"] if "secret" in volume]
    assert secrets
    assert all(not secret.get("optional") for secret in secrets)
    assert {volume["name"] for volume in spec["volumes"]} == {
        mount["name"] for mount in spec["containers"][0]["volumeMounts"]
    }


def test_the_grace_covers_waiting_and_draining() -> None:
    drain = yaml.safe_load(config.text(registry(), http_secret="x"))["http"]["draintimeout"]
    spec = pod(build())
    pre_stop = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert drain == "60s"
    assert spec["terminationGracePeriodSeconds"] >= pre_stop + int(drain.removesuffix("s")) + 10


def test_an_author_cannot_take_a_pod_away_from_its_registry() -> None:
    subject = build({"pod": {"labels": {"teamregistry.io/registry": "other", "team": "a"}}})
    labels = subject["spec"]["template"]["metadata"]["labels"]
    assert labels["teamregistry.io/registry"] == "images"
    assert labels["team"] == "a"
    assert subject["spec"]["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize(
    "changed", [build(config_secret="another"), build(tls_secret="another"), build(claim_name="another")]
)
def test_a_changed_input_is_a_changed_template(changed: Object) -> None:
    assert build()["spec"]["template"] != changed["spec"]["template"]


def test_memory_of_the_program_stays_below_the_limit() -> None:
    env = pod(build({"pod": {"resources": {"limits": {"memory": "1Gi"}}}}))["containers"][0]["env"]
    (limit,) = [int(each["value"]) for each in env if each["name"] == "GOMEMLIMIT"]
    assert limit == 966367641
    assert not [each for each in pod(build())["containers"][0]["env"] if each["name"] == "GOMEMLIMIT"]


def test_no_configuration_comes_by_environment() -> None:
    assert not [each for each in pod(build())["containers"][0]["env"] if each["name"].startswith("REGISTRY_")]


@pytest.mark.parametrize(
    ("storage", "volume"),
    [
        ({}, {"persistentVolumeClaim": {"claimName": "images-data"}}),
        ({"existingClaim": {"claimName": "old"}}, {"persistentVolumeClaim": {"claimName": "old"}}),
        ({"emptyDir": {}}, {"emptyDir": {}}),
        ({"emptyDir": {"sizeLimit": "1024Mi"}}, {"emptyDir": {"sizeLimit": "1Gi"}}),
    ],
)
def test_content_lives_where_the_author_said(storage: Object, volume: Object) -> None:
    spec = {"storage": storage}
    built = pod(build(spec, claim_name=claim.claim_name(registry(spec))))
    assert [each for each in built["volumes"] if each["name"] == "data"] == [{"name": "data", **volume}]


def test_an_own_selector_of_a_spread_is_kept() -> None:
    constraint = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "x"}},
    }
    built = pod(build({"pod": {"topologySpreadConstraints": [constraint]}}))
    assert built["topologySpreadConstraints"] == [constraint]
