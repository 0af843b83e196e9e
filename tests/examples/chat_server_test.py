#!/usr/bin/env python3
"""The chat server of docs/guide.md as its users meet it.

    chat_server_test.py PROGRAM
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from server_case import PATIENCE_S, ServerCase

MISSED = re.compile(r"! (\d+) missed\n")


class ChatServer(ServerCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rota-chat-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def start_chat(self):
        return self.start(self.folder)

    def enter(self, port, introduction):
        """What comes, as a file of lines, and the socket."""
        client = self.connect(port)
        client.sendall(introduction.encode() + b"\n")
        lines = client.makefile("r", encoding="utf-8", newline="\n")
        self.addCleanup(lines.close)
        return client, lines

    def history(self, room):
        with open(self.history_path(room), encoding="utf-8") as kept:
            return kept.read()

    def history_path(self, room):
        return os.path.join(self.folder, room + ".history")

    def terminate(self, server):
        server.send_signal(signal.SIGTERM)
        said, errors = server.communicate(timeout=PATIENCE_S)
        self.assertEqual((0, "", ""), (server.returncode, said, errors))

    def test_all_in_a_room_are_told_and_nobody_else(self):
        server, port = self.start_chat()
        ann, to_ann = self.enter(port, "tea ann")
        ann.sendall(b"first\n")
        self.assertEqual("ann: first\n", to_ann.readline())
        bob, to_bob = self.enter(port, "tea bob")
        self.assertEqual("ann: first\n", to_bob.readline())
        cleo, to_cleo = self.enter(port, "coffee cleo")
        cleo.sendall(b"elsewhere\r\n")
        self.assertEqual("cleo: elsewhere\n", to_cleo.readline())
        bob.sendall(b"second\n")
        for lines in (to_ann, to_bob):
            self.assertEqual("bob: second\n", lines.readline())
        self.terminate(server)

    def test_sigterm_tells_the_peers_and_loses_no_line(self):
        server, port = self.start_chat()
        ann, to_ann = self.enter(port, "tea ann")
        texts = [f"line {i}\n" for i in range(50)]
        for text in texts:
            ann.sendall(text.encode())
            self.assertEqual("ann: " + text, to_ann.readline())
        self.terminate(server)
        self.assertEqual("! the server stops\n", to_ann.readline())
        self.assertEqual("", to_ann.readline())
        self.assertEqual("".join("ann: " + text for text in texts), self.history("tea"))

    def test_the_history_outlives_the_server(self):
        for visit in range(2):
            server, port = self.start_chat()
            ann, to_ann = self.enter(port, "tea ann")
            for earlier in range(visit):
                self.assertEqual(f"ann: visit {earlier}\n", to_ann.readline())
            ann.sendall(b"visit %d\n" % visit)
            self.assertEqual(f"ann: visit {visit}\n", to_ann.readline())
            self.terminate(server)
        self.assertEqual("ann: visit 0\nann: visit 1\n", self.history("tea"))

    def test_a_line_that_a_crash_has_cut_is_forgotten(self):
        with open(self.history_path("tea"), "w", encoding="utf-8") as kept:
            kept.write("ann: whole\nbob: cu")
        server, port = self.start_chat()
        ann, to_ann = self.enter(port, "tea ann")
        self.assertEqual("ann: whole\n", to_ann.readline())
        ann.sendall(b"is it?\n")
        self.assertEqual("ann: is it?\n", to_ann.readline())
        self.terminate(server)
        self.assertEqual("ann: whole\nann: is it?\n", self.history("tea"))

    def test_a_reader_that_does_not_read_holds_up_nobody_and_is_told_what_it_missed(self):
        count = 500  # of 900 bytes: more than the buffers of the kernel take here
        server, port = self.start_chat()
        slow = socket.socket()
        self.addCleanup(slow.close)
        slow.settimeout(PATIENCE_S)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", port))
        slow.sendall(b"tea slow\nhere\n")
        ann, to_ann = self.enter(port, "tea ann")
        self.assertEqual("slow: here\n", to_ann.readline())
        for i in range(count):  # one after the other, so that this reader misses none
            ann.sendall(b"%d %s\n" % (i, b"x" * 900))
            self.assertTrue(to_ann.readline().startswith(f"ann: {i} "))
        told, missed = 0, 0
        with slow.makefile("r", encoding="utf-8", newline="\n") as lines:
            self.assertEqual("slow: here\n", lines.readline())
            while told + missed < count:
                line = lines.readline()
                gap = MISSED.fullmatch(line)
                if gap is not None:
                    missed += int(gap[1])
                    continue
                self.assertTrue(line.startswith(f"ann: {told + missed} "), line)
                told += 1
        self.assertGreater(missed, 0)
        self.assertGreater(told, 0)
        self.terminate(server)

    def test_says_why_it_does_not_go_on(self):
        server, port = self.start_chat()
        for said, answer in (("tea", "! the first line is: ROOM NAME\n"),
                             ("../tea ann", "! the first line is: ROOM NAME\n"),
                             ("x" * 2000, "! Message too long\n"),
                             ("tea ann\n" + "y" * 2000, "! Message too long\n")):
            _, lines = self.enter(port, said)
            self.assertEqual(answer, lines.readline())
        os.mkdir(self.history_path("taken"))
        _, lines = self.enter(port, "taken ann")
        self.assertEqual("! Is a directory\n", lines.readline())
        os.symlink("/etc/passwd", self.history_path("away"))
        _, lines = self.enter(port, "away ann")
        self.assertEqual("! Too many levels of symbolic links\n", lines.readline())
        self.terminate(server)

    def test_says_why_it_cannot_begin(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        for arguments, status, said in (([address], 1, "cannot listen: "),
                                        (["nowhere"], 2, "usage: "),
                                        (["127.0.0.1:0", "no/such"], 1, "no/such: ")):
            done = subprocess.run([self.PROGRAM, *arguments], capture_output=True, text=True,
                                  timeout=PATIENCE_S, check=False)
            self.assertEqual(status, done.returncode, done.stderr)
            self.assertTrue(done.stderr.startswith(said), done.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    ChatServer.PROGRAM = sys.argv.pop()
    unittest.main()
