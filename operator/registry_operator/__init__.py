"""A Kubernetes operator that gives every team its own private container registry."""

__version__ = "0.1.0"
