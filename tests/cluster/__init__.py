"""A real single-node Kubernetes that tests and the demo start by themselves: no Docker, no hub, no systemd.

`local.LocalCluster` is the door; `python -m tests.cluster` is the same for a shell. Needs Linux and root, because the
node is a set of Linux namespaces with containers in it; all else is built, installed or explained on the way.
"""
