"""The process: how it ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.stage.process import Operator, plain_kubeconfig
from tests.stage.waiting import eventually

NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_a_wish_and_no_failure(tmp_path: Path, number: signal.Signals) -> None:
    """Also while the API server is away, and though kopf would take the signals for itself."""
    operator = Operator(plain_kubeconfig(tmp_path / "kubeconfig", NOWHERE), tmp_path, {"LOG_FORMAT": "text"})
    operator.start(wait=False)
    try:
        eventually(lambda: "Request attempt #2" in operator.log(), "kopf's being at work", seen=operator.tail)
        os.kill(operator.pid, number)
        code = eventually(lambda: (operator.exited(),) if operator.exited() is not None else None, "its end")
        assert code == (0,), operator.tail()
        assert operator.unhandled() == []
    finally:
        operator.end()
