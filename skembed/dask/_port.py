"""Ports of training processes, open at one address only."""

import ctypes
import os
import socket
import struct
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Of Linux: include/uapi/linux/filter.h and asm-generic/socket.h.
_SO_ATTACH_FILTER, _SO_ATTACH_REUSEPORT_FILTER = 26, 51
_NETWORK_HEADER = 0xFFF00000
_LOAD_BYTE, _LOAD_WORD, _AND, _SKIP_UNLESS, _RETURN = 0x30, 0x20, 0x54, 0x15, 0x06
_VERSION, _DESTINATION = 0, 16  # bytes of the header of IPv4
_LISTEN = "0A"
_ALL = 0xFFFFFFFF  # bytes of a packet that a filter lets pass
Line = tuple[int, int, int, int]

# Variable by which TensorFlow's server shares its port with other sockets of this user.
REUSE_PORT = "TF_GRPC_REUSE_PORT"

# Whether ports can be closed at the other addresses here.
CAN_CLOSE = sys.platform == "linux"


def free_port(host: str) -> int:
    """Return a port that nothing listens on at an address of this machine.

    Raises
    ------
    OSError
        If the address is not one of this machine's.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.bind((host, 0))
        return one.getsockname()[1]


class OneAddress:
    """Refusal of connections to a port of this process at other addresses than one.

    TensorFlow's server listens on all interfaces: its code says "0.0.0.0". The kernel of Linux
    drops packets for a socket by a filter, which a process may attach to its own sockets. Until
    TensorFlow's has one, a guard shares the port with it (`REUSE_PORT`): a socket that takes no
    connections, and to which the kernel gives all that go to other addresses.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._ended, self._closed = threading.Event(), threading.Event()
        self._error: OSError | None = None
        self._guard = guard(host, port) if CAN_CLOSE else None
        self._thread = threading.Thread(target=self._look, daemon=True)

    def wait(self, timeout: float = 10.0) -> None:
        """Wait until the port is closed at other addresses.

        Raises
        ------
        RuntimeError
            If it cannot be closed.
        """
        if not CAN_CLOSE:
            warnings.warn(
                f"Port {self._port} of this fit listens on all network interfaces: only Linux lets "
                "a process close it at other addresses. Use a network that only you can reach.",
                UserWarning,
                stacklevel=2,
            )
        elif not self._closed.wait(timeout) or self._error is not None:
            raise RuntimeError(
                f"Port {self._port} could not be closed at addresses other than {self._host}: "
                f"{self._error or 'no socket listens there'}."
            )

    def _look(self) -> None:
        """Look for the socket until it is there."""
        try:
            while not (sockets := self._sockets()):
                if self._ended.wait(0.02):
                    return
            for descriptor in sockets:
                attach(descriptor, _SO_ATTACH_FILTER, taken_at(self._host, _ALL))
        except OSError as error:
            self._error = error
        finally:
            if self._guard is not None:
                self._guard.close()
        self._closed.set()

    def _sockets(self) -> list[int]:
        """Descriptors of the sockets that listen at the port, but for the guard's."""
        own = None if self._guard is None else self._guard.fileno()
        return [descriptor for descriptor in listening(self._port) if descriptor != own]


@contextmanager
def only_at(address: str) -> Iterator[OneAddress]:
    """Close the port of an address ("host:port") at others, as soon as something listens on it."""
    host, _, port = address.rpartition(":")
    one = OneAddress(host, int(port))
    if CAN_CLOSE:
        one._thread.start()
    try:
        yield one
    finally:
        one._ended.set()


def listening(port: int) -> list[int]:
    """Descriptors of this process's sockets that listen on a port."""
    wanted = set()
    for table in ("tcp", "tcp6"):
        path = Path("/proc/self/net", table)
        lines = path.read_text().splitlines()[1:] if path.exists() else []
        for fields in map(str.split, lines):
            if fields[3] == _LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
                wanted.add(f"socket:[{fields[9]}]")
    if not wanted:
        return []
    return [int(name) for name in os.listdir("/proc/self/fd") if _target(name) in wanted]


def _target(name: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{name}")
    except OSError:  # closed since, such as that of the list itself
        return ""


def guard(host: str, port: int) -> socket.socket:
    """Listen on a port of all addresses, take nothing, and leave the packets for `host` to others.

    Raises
    ------
    OSError
        If something listens on the port already.
    """
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    everywhere = "::" if family == socket.AF_INET6 else "0.0.0.0"
    with socket.socket(family) as plain:  # which does not share the port, as the next one does
        try:
            plain.bind((everywhere, port))
        except OSError as error:
            raise OSError(
                f"Port {port} is in use by a process that has started since it was chosen; call "
                "fit again."
            ) from error
    one = socket.socket(family)
    try:
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind((everywhere, port))
        attach(one.fileno(), _SO_ATTACH_FILTER, [(_RETURN, 0, 0, 0)])
        # the number of the socket in the order in which they have begun to listen
        attach(one.fileno(), _SO_ATTACH_REUSEPORT_FILTER, taken_at(host, 1))
        one.listen()
    except OSError:
        one.close()
        raise
    return one


def taken_at(host: str, answer: int) -> list[Line]:
    """A filter that returns `answer` for packets to one IPv4 address, and 0 for others."""
    (address,) = struct.unpack("!I", socket.inet_aton(host))
    return [
        (_LOAD_BYTE, 0, 0, _NETWORK_HEADER + _VERSION),
        (_AND, 0, 0, 0xF0),
        (_SKIP_UNLESS, 0, 3, 0x40),
        (_LOAD_WORD, 0, 0, _NETWORK_HEADER + _DESTINATION),
        (_SKIP_UNLESS, 0, 1, address),
        (_RETURN, 0, 0, answer),
        (_RETURN, 0, 0, 0),
    ]


def attach(descriptor: int, option: int, program: list[Line]) -> None:
    """Attach a filter to a socket."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    given = struct.pack("@HP", len(program), ctypes.addressof(code))
    with socket.socket(fileno=os.dup(descriptor)) as one:
        one.setsockopt(socket.SOL_SOCKET, option, given)
