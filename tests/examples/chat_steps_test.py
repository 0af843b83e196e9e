#!/usr/bin/env python3
"""The first steps of docs/guide.md, which are programs too.

    chat_steps_test.py LINES ROOMS
"""

import sys
import unittest

from server_case import ServerCase

ROOMS = ""


class Steps(ServerCase):
    def test_the_first_gives_lines_back(self):
        server, port = self.start()
        client = self.connect(port)
        client.sendall(b"one\r\ntw")
        client.sendall(b"o\n")
        lines = client.makefile("r", newline="\n")
        self.addCleanup(lines.close)
        self.assertEqual(["one\n", "two\n"], [lines.readline(), lines.readline()])
        self.interrupt(server)

    def test_the_second_tells_all_in_a_room(self):
        server, port = self.start(program=ROOMS)
        readers = []
        for number in range(3):  # each says something, and hears it, so that it is in the room
            client = self.connect(port)
            client.sendall(b"tea\nnumber %d\n" % number)
            lines = client.makefile("r", newline="\n")
            self.addCleanup(lines.close)
            self.assertEqual(f"number {number}\n", lines.readline())
            readers.append(lines)
        self.assertEqual("number 1\n", readers[0].readline())
        for lines in readers[:2]:
            self.assertEqual("number 2\n", lines.readline())
        self.interrupt(server)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    ROOMS = sys.argv.pop()
    Steps.PROGRAM = sys.argv.pop()
    unittest.main()
