#!/usr/bin/env python3
"""The experiments of the lab, which explain one thing each, as their users meet them.

    experiments_test.py PROGRAM
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = ""
PATIENCE_S = 120


def rota(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True,
                          timeout=PATIENCE_S, check=False, **options)


class Contention(unittest.TestCase):
    """`rota lab contention`. What it finds depends on the machine; here stands what it says."""

    def setUp(self):
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("two threads contend on two CPUs, and there is one")

    def test_table_and_document_have_every_layout_with_a_figure_or_a_reason(self):
        done = rota("lab", "contention", "--rounds", "1")
        document = json.loads(rota("lab", "contention", "--rounds", "2", "--json").stdout)
        text = done.stdout
        self.assertEqual(done.returncode, 1 if "not measured" in text else 0, done.stderr)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.assertGreaterEqual(len(document["cases"]), 9)
        for layout in document["cases"]:
            self.assertIn(layout["structure"], text)
            self.assertIn(layout["layout"], text)
            self.assertEqual(len(layout["rounds"]), 2)
            if layout["ns_per_operation"] is not None:
                self.assertGreater(layout["ns_per_operation"]["median"], 0)
                self.assertGreater(layout["counted_share"], 0)
        for structure in {layout["structure"] for layout in document["cases"]}:
            padded = [c["padded"] for c in document["cases"] if c["structure"] == structure]
            self.assertEqual(padded.count(True), 1, structure)
        self.assertRegex(document["configuration"]["Placement"], r"CPU \d+ and CPU \d+, ")

    def test_on_one_cpu_says_why_not(self):
        cpu = max(os.sched_getaffinity(0))
        done = rota("lab", "contention", preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")
        self.assertIn("only on two CPUs", done.stderr)

    def test_help_teaches_what_is_measured(self):
        text = rota("lab", "contention", "--help").stdout
        for word in ("--rounds", "--json", "padding", "windows", "Example:"):
            self.assertIn(word, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.assertIn("contention", rota("lab", "--help").stdout)


class Lengths(unittest.TestCase):
    """`rota lab lengths`. What it finds depends on the machine; here stands what it says."""

    SHORT = ("lab", "lengths", "--rounds", "1", "--seconds", "0.05")

    def test_table_and_document_have_every_discipline_and_every_length(self):
        done = rota(*self.SHORT)
        document = json.loads(rota(*self.SHORT, "--workers", "3", "--json").stdout)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)
        self.assertEqual(len(document["disciplines"]), 4)
        for discipline in document["disciplines"]:
            self.assertIn(discipline["name"], done.stdout)
            self.assertEqual([each["name"] for each in discipline["lengths"]],
                             ["short", "medium", "long"])
            self.assertEqual(sum(each["tasks"] for each in discipline["lengths"]),
                             discipline["tasks"])
            self.assertGreater(discipline["cpu_ns"], 0)
            runs = {kind["name"]: kind["runs"] for kind in discipline["kinds"]}
            self.assertEqual(runs["short"], discipline["lengths"][0]["tasks"])
            self.assertIn("mixed_lengths.cpp:", discipline["kinds"][0]["site"])
            self.assertGreater(discipline["longest"][0]["ns"], 0)
        self.assertEqual([len(each["workers"]) for each in document["disciplines"]], [1, 3, 3, 3])

    def test_the_same_seed_is_the_same_work(self):
        first, second = (json.loads(rota(*self.SHORT, "--seed", "5", "--json").stdout)
                         for _ in range(2))
        for one, other in zip(first["disciplines"], second["disciplines"]):
            self.assertEqual(one["work_ns"], other["work_ns"])
            self.assertEqual(one["tasks"], other["tasks"])

    def test_help_teaches_what_is_measured(self):
        text = rota("lab", "lengths", "--help").stdout
        for word in ("--workers", "--json", "--seed", "5 ms", "steal", "Example:"):
            self.assertIn(word, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.assertIn("lengths", rota("lab", "--help").stdout)


class Faults(unittest.TestCase):
    """`rota lab faults`. It needs the right to mount; whoever lacks it is told."""

    STALL_MS = 40

    def setUp(self):
        # Of its own, so that what other runs make is not taken for what this one left.
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.environment = {**os.environ, "TMPDIR": self.folder}

    def run_short(self, *arguments):
        done = rota("lab", "faults", "--rounds", "3", "--stall-ms", str(self.STALL_MS), *arguments,
                    env=self.environment)
        if done.returncode == 1 and "the right to mount" in done.stderr:
            self.skipTest(done.stderr.strip())
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def leftovers(self):
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        return [line for line in mounts if self.folder in line] + os.listdir(self.folder)

    def test_a_fault_stops_a_movable_ring_and_neither_epoll_nor_a_submitter(self):
        document = json.loads(self.run_short("--json"))
        drivers = {each["driver"]: each for each in document["drivers"]}
        self.assertEqual(list(drivers), ["epoll", "uring-movable", "uring-sqpoll"])
        for each in drivers.values():
            if each["refusal"]:
                self.assertEqual(each["rounds"], [])
                continue
            self.assertEqual(len(each["rounds"]), 3)
            self.assertGreaterEqual(each["fault_ns"]["median"], self.STALL_MS * 1e6)
        movable = drivers["uring-movable"]
        if movable["refusal"]:
            self.skipTest(movable["refusal"])
        # The byte comes after a fifth of the fault, and is heard of when the fault is over. On a
        # busy machine it may come later, so the longest round stands for all.
        longest = max(movable["rounds"])
        self.assertGreater(longest, self.STALL_MS * 1e6 / 4)
        for survivor in ("epoll", "uring-sqpoll"):
            if not drivers[survivor]["refusal"]:
                self.assertLess(min(drivers[survivor]["rounds"]), longest)

    def test_table_has_every_driver_in_100_columns(self):
        text = self.run_short()
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        for driver in ("epoll", "io_uring movable", "io_uring sqpoll"):
            self.assertRegex(text, rf"(?m)^ +{driver} ")

    def test_nothing_of_it_is_left_however_it_ends(self):
        self.run_short()
        self.assertEqual(self.leftovers(), [])
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with subprocess.Popen([PROGRAM, "lab", "faults", "--rounds", "300"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, env=self.environment) as lab:
                # The file is there before any thread but the first.
                while len(os.listdir(f"/proc/{lab.pid}/task")) == 1:
                    self.assertIsNone(lab.poll(), how)
                lab.send_signal(how)
                output, _ = lab.communicate(timeout=PATIENCE_S)
            if how == signal.SIGKILL:
                self.assertEqual(lab.returncode, -how)
            else:
                self.assertEqual(lab.returncode, 128 + signal.SIGINT)
                self.assertIn("not measured: interrupted", output)
            self.assertEqual(self.leftovers(), [], how)

    def test_who_may_not_mount_is_told_so(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become nobody")
        nobody = 65534
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            done = rota("lab", "faults", preexec_fn=lambda: os.setuid(nobody),
                        env={**os.environ, "TMPDIR": folder})
            self.assertEqual(os.listdir(folder), [])
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")
        self.assertIn("the right to mount", done.stderr)

    def test_help_teaches_what_is_measured(self):
        text = rota("lab", "faults", "--help").stdout
        for word in ("--rounds", "--stall-ms", "--json", "FUSE", "neighbour", "Example:"):
            self.assertIn(word, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.assertIn("faults", rota("lab", "--help").stdout)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
