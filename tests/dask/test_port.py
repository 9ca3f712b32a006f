"""Ports of training processes take connections at one address of the machine only."""

import socket
import sys

import pytest

from skembed.dask._port import free_port, guard, listening, only_at

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process do it")


def is_open(host, port):
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


def test_a_port_is_never_open_at_other_addresses():
    port = free_port("127.0.0.1")
    with only_at(f"127.0.0.1:{port}") as closed:
        assert not is_open("127.0.0.1", port)  # the guard takes nothing
        with socket.create_server(
            ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, reuse_port=True
        ):
            assert not is_open("127.0.0.2", port)
            closed.wait()
            assert is_open("127.0.0.1", port)
            assert not is_open("127.0.0.2", port) and not is_open("::1", port)
    assert listening(port) == []


def test_the_guard_leaves_packets_for_the_address_to_the_other_socket():
    port = free_port("127.0.0.1")
    with (
        guard("127.0.0.1", port),
        socket.create_server(
            ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, reuse_port=True
        ),
    ):
        assert all(is_open("127.0.0.1", port) for _ in range(20))
        assert not is_open("127.0.0.2", port) and not is_open("::1", port)


def test_a_port_in_use_is_not_shared():
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match="in use"), only_at(f"127.0.0.1:{port}"):
            pass


def test_a_port_at_which_nothing_listens():
    port = free_port("127.0.0.1")
    with only_at(f"127.0.0.1:{port}") as closed:
        with pytest.raises(RuntimeError, match=f"Port {port} could not be closed .*no socket"):
            closed.wait(timeout=0.05)


def test_a_port_of_another_machine_is_refused():
    with pytest.raises(OSError):
        free_port("203.0.113.7")
