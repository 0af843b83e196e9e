"""A server program that says where it listens, echoes, and ends on Ctrl-C."""

import resource
import signal
import socket
import subprocess
import unittest

PATIENCE_S = 60


def limit_files(most):
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class ServerCase(unittest.TestCase):
    PROGRAM = ""

    def start(self, *words, program=None, **options):
        words = [program or self.PROGRAM, "127.0.0.1:0", *words]
        server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  **options)
        self.addCleanup(self.end, server)
        line = server.stdout.readline()
        self.assertRegex(line, r"^listening on 127\.0\.0\.1:\d+\n$")
        return server, int(line.rsplit(":", 1)[1])

    def end(self, server):
        if server.poll() is None:
            server.kill()
        server.communicate()

    def connect(self, port):
        client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.addCleanup(client.close)
        return client

    def assert_echoes(self, client, text):
        client.sendall(text)
        got = b""
        while len(got) < len(text):
            part = client.recv(len(text) - len(got))
            self.assertNotEqual(b"", part, "the server closed the connection")
            got += part
        self.assertEqual(text, got)

    def interrupt(self, server):
        """What it says on both streams until it ends with 0."""
        server.send_signal(signal.SIGINT)
        said, errors = server.communicate(timeout=PATIENCE_S)
        self.assertEqual(0, server.returncode, errors)
        return said, errors
