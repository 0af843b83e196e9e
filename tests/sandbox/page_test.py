#!/usr/bin/env python3
"""docs/concepts/sandboxes.md names the releases, and the system calls, that the source does."""

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def in_source():
    text = (ROOT / "src/driver/uring/age.cpp").read_text(encoding="utf-8")
    for line in text.splitlines():
        name = re.search(r'"(IORING_\w+)"', line)
        release = re.search(r"\{(\d+), (\d+)\}", line)
        if name and release:
            yield name[1], f"{release[1]}.{release[2]}"


def on_page():
    text = (ROOT / "docs/concepts/sandboxes.md").read_text(encoding="utf-8")
    return [(name, release) for release, name in
            re.findall(r"^\| (\d+\.\d+) \| `(IORING_\w+)` \|", text, re.MULTILINE)]


class Calls(unittest.TestCase):
    def test_that_doctor_tries_are_on_the_page(self):
        source = (ROOT / "src/runtime/capabilities/calls.cpp").read_text(encoding="utf-8")
        page = (ROOT / "docs/concepts/sandboxes.md").read_text(encoding="utf-8")
        tried = re.findall(r'^    \{"(\w+)"', source, re.MULTILINE)
        self.assertGreater(len(tried), 10)
        self.assertLessEqual(set(tried), set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)))


class Releases(unittest.TestCase):
    def test_of_the_page_are_those_of_the_source(self):
        parts = sorted(in_source())
        self.assertGreater(len(parts), 10)
        self.assertEqual(sorted(on_page()), parts)

    def test_stand_in_order_newest_first(self):
        releases = [tuple(map(int, release.split("."))) for _, release in on_page()]
        self.assertEqual(releases, sorted(releases, reverse=True))


if __name__ == "__main__":
    sys.exit(unittest.main())
