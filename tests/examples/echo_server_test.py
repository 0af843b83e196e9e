#!/usr/bin/env python3
"""The README's echo server as its users meet it.

    echo_server_test.py PROGRAM
"""

import socket
import subprocess
import sys
import unittest

from server_case import PATIENCE_S, ServerCase, limit_files

FEW_FILES = 32


class EchoServer(ServerCase):
    def test_echoes_to_several_until_ctrl_c_closes_them_and_ends_it_with_0(self):
        server, port = self.start()
        clients = [self.connect(port) for _ in range(3)]
        for i, client in enumerate(clients):
            self.assert_echoes(client, bytes([i]) * 100_000)
        clients[0].close()
        for client in clients[1:]:
            self.assert_echoes(client, b"still there")
        self.assertEqual(("", ""), self.interrupt(server))
        for client in clients[1:]:
            self.assertEqual(b"", client.recv(1))

    def test_ctrl_c_ends_it_when_nobody_came(self):
        server, _ = self.start()
        self.assertEqual(("", ""), self.interrupt(server))

    def test_survives_that_its_files_run_out_and_serves_on_when_one_is_free(self):
        server, port = self.start(preexec_fn=lambda: limit_files(FEW_FILES))
        # The kernel completes these connections; more than the server has descriptors for.
        clients = [self.connect(port) for _ in range(FEW_FILES)]
        self.assertEqual("accept: Too many open files\n", server.stderr.readline())
        self.assertIsNone(server.poll())
        self.assert_echoes(clients[0], b"served before")
        for client in clients[:-1]:
            client.close()
        self.assert_echoes(clients[-1], b"waited in the backlog")
        self.interrupt(server)

    def test_says_why_it_cannot_listen(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        for argument, status, said in ((address, 1, "rota: "), ("nowhere", 2, "usage: ")):
            done = subprocess.run([self.PROGRAM, argument], capture_output=True, text=True,
                                  timeout=PATIENCE_S, check=False)
            self.assertEqual(status, done.returncode, done.stderr)
            self.assertTrue(done.stderr.startswith(said), done.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    EchoServer.PROGRAM = sys.argv.pop()
    unittest.main()
