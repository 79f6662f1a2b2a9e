"""Line 2 and line 3 of distribution: whether the pods of one may follow those of the other.

Asked before anything is changed: where the answer is no the pods that run are left as they are.
"""

from __future__ import annotations

import re

from registry_operator.desired import claim, image, meta
from registry_operator.kube import kinds
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.views import DeploymentView
from registry_operator.status.problems import blocked
from registry_operator.status.reasons import Reason

ALLOW_DOWNGRADE = "teamregistry.io/allow-downgrade"
_LINE = re.compile(r"v?(?P<line>[23])([.-].*)?")


def guard(run: Run) -> None:
    """Raises Blocked where the line that the spec names must not run."""
    _image_of_the_line(run)
    _way_back(run)


def _image_of_the_line(run: Run) -> None:
    """The configuration is written for a line, and the other one would not start on it, or ignore half of it.

    Admission sees the tag of `spec.image` only; this sees the image that the operator's settings give, too.
    """
    line = run.registry.spec.version
    reference = image.reference(run.registry, run.defaults.images[line])
    found = _LINE.fullmatch(image.tag(reference) or "")
    if found is None or found["line"] == line:
        return
    message = (
        f"spec.version is {line}, but the tag of image {reference} says that it is of line {found['line']}: set "
        f"spec.image, or have the operator's setting for line {line} mended (registryImages.v{line} of the chart)"
    )
    raise blocked(Reason.IMAGE_OF_ANOTHER_LINE, message, stalled=True)


def _way_back(run: Run) -> None:
    """A store that line 3 has written is not given back to line 2, unless that is said to be meant.

    An emptyDir ends with its pod: line 2 begins with an empty one.
    """
    registry = run.registry
    if registry.spec.version != "2" or registry.spec.storage.empty_dir is not None or ran(run) != "3":
        return
    if registry.annotations.get(ALLOW_DOWNGRADE) == "true":
        return
    raise blocked(
        Reason.DOWNGRADE_REFUSED,
        "spec.version: this store has been written by line 3, and line 2 is not known to read all of it; set version "
        f'to "3", or annotate the Registry with {ALLOW_DOWNGRADE}=true if the risk is meant',
        stalled=True,
    )


def ran(run: Run) -> str | None:
    """The line that ran last, by what the Deployment or a kept claim remembers."""
    namespace, names = run.registry.namespace, run.names
    found = run.world.child(kinds.DEPLOYMENT, namespace, names.deployment)
    if found is not None and isinstance(found.view, DeploymentView) and found.view.version:
        return found.view.version
    mounted = claim.claim_name(run.registry)  # also one that was made for another Registry, and is named here
    kept = run.world.child(kinds.PERSISTENT_VOLUME_CLAIM, namespace, mounted) if mounted else None
    if kept is not None:
        return kept.annotations.get(meta.ANNOTATION_VERSION)
    return None
