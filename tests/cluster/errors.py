"""The one kind of error that this package raises for things that a person can put right."""

from __future__ import annotations


class ClusterError(Exception):
    """Something in the way of a cluster; the message says what the reader may do."""
