#!/usr/bin/env python3
"""The README's echo server, whose port is a fixed one: in a network of its own, if it may have one.

    echo_test.py PROGRAM
"""

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
import unittest

from server_case import ServerCase

PORT = 7777
CANNOT_RUN = 77
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1


def leave_the_network():
    """Into a network with a loopback device of its own. Throws OSError where that is forbidden."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0 and libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"unshare: {os.strerror(number)}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


class Echo(ServerCase):
    def connect_when_it_listens(self, server):
        while True:  # it says nothing; asked again, the kernel answers at once
            self.assertIsNone(server.poll())
            try:
                return self.connect(PORT)
            except ConnectionRefusedError:
                os.sched_yield()

    def test_echoes_until_ctrl_c_ends_it_with_0(self):
        server = subprocess.Popen([self.PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True)
        self.addCleanup(self.end, server)
        client = self.connect_when_it_listens(server)
        self.assert_echoes(client, b"hello" * 10_000)
        self.assertEqual(("", ""), self.interrupt(server))
        self.assertEqual(b"", client.recv(1))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    Echo.PROGRAM = sys.argv.pop()
    try:
        leave_the_network()
    except OSError as error:
        print(f"cannot run: no network of its own: {error}")
        sys.exit(CANNOT_RUN)
    unittest.main()
