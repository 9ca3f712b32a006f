"""Ports of training processes take connections at one address of the machine only."""

import socket
import sys

import pytest

from skembed.dask._port import free_port, listening, only_at

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process do it")


def is_open(host, port):
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("listens_at", ["0.0.0.0", "::"])
def test_a_port_is_closed_at_other_addresses(listens_at):
    port = free_port("127.0.0.1")
    family = socket.AF_INET6 if ":" in listens_at else socket.AF_INET
    with socket.create_server((listens_at, port), family=family, dualstack_ipv6=":" in listens_at):
        assert is_open("127.0.0.1", port) and is_open("127.0.0.2", port)
        with only_at(f"127.0.0.1:{port}") as closed:
            closed.wait()
            assert is_open("127.0.0.1", port)
            assert not is_open("127.0.0.2", port)
            assert not is_open("::1", port)
    assert listening(port) == []


def test_a_port_at_which_nothing_listens():
    port = free_port("127.0.0.1")
    with only_at(f"127.0.0.1:{port}") as closed:
        with pytest.raises(RuntimeError, match=f"Port {port} could not be closed .*no socket"):
            closed.wait(timeout=0.05)


def test_a_port_of_another_machine_is_refused():
    with pytest.raises(OSError):
        free_port("203.0.113.7")
