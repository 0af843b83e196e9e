#!/usr/bin/env python3
"""Rota's sockets between programs that are not Rota's: socat and OpenBSD's netcat.

    peers_test.py RELAY UDP_ECHO
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from server_case import PATIENCE_S, ServerCase

UDP_ECHO = ""


def tool(name, package):
    path = shutil.which(name)
    if path is None:
        raise AssertionError(f"{name} is missing: apt-get install {package} "
                             "(tools/bootstrap.sh --group test)")
    return path


class Peers(ServerCase):
    def run_tool(self, *words, sent):
        done = subprocess.run(words, input=sent, capture_output=True, timeout=PATIENCE_S,
                              check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def socat_echo(self):
        """A Unix socket behind which socat echoes, one process per connection."""
        folder = tempfile.TemporaryDirectory(prefix="rota-peers-")
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "echo")
        # It says on standard error when it listens, and echoes what is left after an end.
        words = ("-t", str(PATIENCE_S), "-d", "-d", f"UNIX-LISTEN:{path},fork", "PIPE")
        echo = subprocess.Popen([tool("socat", "socat"), *words], stderr=subprocess.PIPE)
        self.addCleanup(self.end, echo)
        while b"listening" not in (line := echo.stderr.readline()):
            self.assertNotEqual(b"", line, "socat ended")
        return path

    def start_program(self, program, *words):
        server = subprocess.Popen([program, "127.0.0.1:0", *words], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, server)
        line = server.stdout.readline()
        self.assertRegex(line, r"^listening on 127\.0\.0\.1:\d+\n$")
        return server, line.rsplit(":", 1)[1].strip()

    def test_netcat_talks_to_socat_through_the_relay(self):
        server, port = self.start_program(self.PROGRAM, self.socat_echo())
        text = os.urandom(300_000)
        netcat = tool("nc", "netcat-openbsd")
        self.assertEqual(text, self.run_tool(netcat, "-N", "127.0.0.1", port, sent=text))
        self.interrupt(server)

    def test_the_relay_says_that_nobody_listens_at_the_path(self):
        server, port = self.start_program(self.PROGRAM, "/nowhere/at/all")
        self.assertEqual(b"", self.connect(int(port)).recv(1))
        self.assertEqual("/nowhere/at/all: No such file or directory\n", server.stderr.readline())
        self.interrupt(server)

    def test_socat_gets_its_datagrams_back(self):
        server, port = self.start_program(UDP_ECHO)
        # After the end of its input it waits for so many bytes.
        got = self.run_tool(tool("socat", "socat"), "-t", str(PATIENCE_S), "-",
                            f"UDP4-DATAGRAM:127.0.0.1:{port},readbytes=10", sent=b"a datagram")
        self.assertEqual(b"a datagram", got)
        self.interrupt(server)

    def test_netcat_gets_its_datagram_back(self):
        server, port = self.start_program(UDP_ECHO)
        got = self.run_tool(tool("nc", "netcat-openbsd"), "-u", "-W", "1", "127.0.0.1", port,
                            sent=b"another")
        self.assertEqual(b"another", got)
        self.interrupt(server)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    UDP_ECHO = sys.argv.pop()
    Peers.PROGRAM = sys.argv.pop()
    unittest.main()
