"""Workers on this machine, started and asked."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]  # of the repository
_SECONDS = 1200


def answers(n_workers: int, question: dict[str, Any]) -> list[dict[str, Any]]:
    """Answers of so many workers to a question."""
    addresses = [f"127.0.0.1:{port}" for port in _free_ports(n_workers)]
    command = [sys.executable, "-m", "benchmarks.cluster._worker", json.dumps(question)]
    processes = []
    for index in range(n_workers):
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment.pop("TF_CONFIG", None)
        if n_workers > 1:
            task = {"type": "worker", "index": index}
            environment["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": task})
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        processes.append(subprocess.Popen(command, cwd=_ROOT, env=environment, **pipes))
    try:
        told = [process.communicate(timeout=_SECONDS) for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, errors) in zip(processes, told, strict=True):
        if process.returncode:
            raise RuntimeError(f"A worker failed:\n{errors[-4000:]}")
    return [json.loads(text.splitlines()[-1]) for text, _ in told]


def _free_ports(number: int) -> list[int]:
    """Ports that nothing listens on now."""
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
