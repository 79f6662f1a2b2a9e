"""The source of the CRDs: `make docs` writes `crds/*.yaml`, the chart's copy and `docs/reference.md` from it.

Rejected: YAML by hand. A label selector, a quantity or the name of a Secret stands there dozens of times, and each copy
needs its limits, its rule and a message that says what the user may do; here it is one word.
"""
