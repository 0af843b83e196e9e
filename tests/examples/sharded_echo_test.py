#!/usr/bin/env python3
"""The echo server on every core as its users meet it.

    sharded_echo_test.py PROGRAM
"""

import re
import sys
import unittest

from server_case import ServerCase, limit_files

FEW_FILES = 64  # Each worker has some of its own.


class ShardedEcho(ServerCase):
    def test_ctrl_c_has_it_say_what_each_worker_has_done(self):
        server, port = self.start()
        clients = [self.connect(port) for _ in range(6)]
        for client in clients:
            self.assert_echoes(client, b"1234" * 1000)
        said, errors = self.interrupt(server)
        self.assertEqual("", errors)
        echoed = re.findall(r"^worker \d+ echoed (\d+) bytes$", said, re.MULTILINE)
        self.assertEqual(6 * 4000, sum(map(int, echoed)), said)
        for client in clients:
            self.assertEqual(b"", client.recv(1))

    def test_waits_out_that_its_files_run_out(self):
        server, port = self.start(preexec_fn=lambda: limit_files(FEW_FILES))
        clients = [self.connect(port) for _ in range(2 * FEW_FILES)]
        for client in clients[:-4]:
            client.close()
        for client in clients[-4:]:
            self.assert_echoes(client, b"waited in the backlog")
        self.interrupt(server)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    ShardedEcho.PROGRAM = sys.argv.pop()
    unittest.main()
