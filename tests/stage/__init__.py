"""What plays the rest of a cluster where only its control plane runs.

A control plane has the real API server, the real controllers and the real cert-manager, but no kubelet, no scheduler
and no volumes. Here are the actors that stand in for them, a registry that stands in for the containers, the operator
as a process, and a proxy before the API server that sees and can spoil each request. Nothing here knows what a test
wants: suites put the parts together.
"""
