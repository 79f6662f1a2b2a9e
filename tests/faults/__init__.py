"""Proof that the operator ends where it should, whatever befalls it on the way.

A workload is run undisturbed first, twice: what both runs agree on is what must come out, and the writes that were
recorded are the places where faults can strike. From them plans are made, each one small enough to be a file that
replays it. A plan passes when the oracles, which ask the API server directly, find nothing. docs/reliability.md has
the results.
"""
