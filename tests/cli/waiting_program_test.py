#!/usr/bin/env python3
"""What the program says of waiting: `rota lab waiting`, and its group in `rota doctor`.

    waiting_program_test.py PROGRAM
"""

import json
import re
import subprocess
import sys
import unittest

PROGRAM = ""
DRIVERS = ("select", "poll", "epoll", "linux_aio", "io_uring pinned", "io_uring movable")
PATIENCE_S = 120


def rota(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True,
                          timeout=PATIENCE_S, check=False)


class Doctor(unittest.TestCase):
    def test_the_cost_of_a_wake_and_the_spin_that_follows_from_it_are_shown(self):
        facts = json.loads(rota("doctor", "--json").stdout)["capabilities"]
        found = {f["name"]: f["detail"] for f in facts}
        wake = float(re.match(r"([\d.]+) µs, until it runs", found["wake of a sleeping thread"])[1])
        spin = float(re.match(r"([\d.]+) µs where", found["spin before a sleep"])[1])
        self.assertGreater(wake, 0)
        self.assertAlmostEqual(spin, min(2 * wake, 50), delta=0.11)


class Waiting(unittest.TestCase):
    """`rota lab waiting`. What it finds depends on the machine; here stands what it says."""

    WAYS = ("block", "spin, then block", "busy poll")
    STARVED = "answered nothing in the measured window"  # On a machine that is busy with others.

    def test_table_and_document_have_every_driver_with_every_way_or_a_reason(self):
        arguments = ("lab", "waiting", "--rounds", "1", "--seconds", "0.15")
        done = rota(*arguments)
        document = json.loads(rota(*arguments, "--json").stdout)
        self.assertEqual(done.returncode, 1 if self.STARVED in done.stdout else 0, done.stderr)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)
        facts = json.loads(rota("doctor", "--json").stdout)["capabilities"]
        usable = {f["name"] for f in facts
                  if f["group"] == "driver" and f["available"] == "yes"}
        self.assertEqual(len(document["cells"]), len(self.WAYS) * len(DRIVERS))
        for cell in document["cells"]:
            self.assertIn(cell["driver_title"], done.stdout)
            if cell["driver_title"] not in usable:
                self.assertNotEqual(cell["refusal"], "")
                continue
            if self.STARVED in cell["refusal"]:
                continue
            self.assertEqual(cell["refusal"], "", cell)
            self.assertGreater(cell["round_trip_p50_ns"]["median"], 0)
            self.assertGreater(cell["server_cpu_ns_per_request"]["median"], 0)
            self.assertEqual(len(cell["samples"]), 1)
        for way in self.WAYS:
            self.assertEqual(done.stdout.count(f"\n  {way} "), len(DRIVERS), way)

    def test_who_polls_takes_the_cpu_of_an_idle_server_and_who_blocks_does_not(self):
        document = json.loads(rota("lab", "waiting", "--rounds", "3", "--seconds", "0.5",
                                   "--drivers", "epoll", "--json").stdout)
        if any(cell["idle_cpu_share"] is None for cell in document["cells"]):
            self.skipTest("the machine is busy: " + document["cells"][-1]["refusal"])
        idle = {cell["waiting"]: cell["idle_cpu_share"]["median"] for cell in document["cells"]}
        self.assertGreater(idle["busy-poll"], max(idle["block"], idle["spin"]), idle)

    def test_help_teaches_what_is_measured(self):
        text = rota("lab", "waiting", "--help").stdout
        for word in ("--drivers", "--rounds", "--spin-us", "--json", "sleeps", "Example:"):
            self.assertIn(word, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.assertIn("waiting", rota("lab", "--help").stdout)

    def test_a_way_that_is_unknown_is_named_with_what_is_allowed(self):
        done = rota("cell", "echo-64", "--waiting", "snooze")
        self.assertEqual(done.returncode, 2)
        for word in ("--waiting", "snooze", "busy-poll"):
            self.assertIn(word, done.stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
