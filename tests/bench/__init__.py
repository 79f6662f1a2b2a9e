"""The operator at scale, beside the floor: the same requests sent by a client that knows what to send.

Everything runs on the control plane of `tests/cluster` with the actors of `tests/stage` in a process of their own.
The operator speaks to the API server directly, as in production: with a service account's token and the shipped
permissions. The API server itself writes down what it is asked (its audit log), so that nobody stands in between.

    python -m tests.bench run [--sizes 100 1000] [--workload self-signed] [--idle 600] [--out dist/bench.json]
    python -m tests.bench report dist/bench.json      writes the tables into docs/scale.md
    python -m tests.bench compare dist/bench.json     prints what is worse than tests/bench/baseline.json
    python -m tests.bench baseline dist/bench.json    makes these results the baseline
"""
