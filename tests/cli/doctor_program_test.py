#!/usr/bin/env python3
"""`rota doctor`, as its users meet it.

    doctor_program_test.py PROGRAM
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = ""
PATIENCE_S = 60
DRIVERS = ("select", "poll", "epoll", "linux_aio", "io_uring pinned", "io_uring movable")


def rota(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True,
                          timeout=PATIENCE_S, check=False, **options)


class Doctor(unittest.TestCase):
    def test_json_is_valid_and_says_the_same_as_the_text(self):
        facts = json.loads(rota("doctor", "--json").stdout)
        text = re.sub(r"\s+", " ", rota("doctor").stdout)
        for found in facts["capabilities"]:
            self.assertIn(found["available"], ("yes", "no", "fact"))
            self.assertIn(found["name"], text)
            # Load averages, the aio contexts of all processes and the like move on between the two
            # calls, and what calls cost is measured again.
            moves_on = "avg" in found["detail"] or "fs.aio-nr" in found["detail"]
            if not moves_on and found["group"] not in ("costs", "waiting"):
                self.assertIn(re.sub(r"\s+", " ", found["detail"]), text)
        self.assertIn(facts["choice"]["reason"], text)

    def test_every_driver_is_available_or_says_why_not(self):
        facts = json.loads(rota("doctor", "--json").stdout)
        drivers = {f["name"]: f for f in facts["capabilities"] if f["group"] == "driver"}
        self.assertEqual(set(drivers), {*DRIVERS, "io_uring sqpoll", "sim"})
        for driver in drivers.values():
            self.assertGreater(len(driver["detail"]), 10, driver)

    def test_a_priority_says_which_engines_carry_it(self):
        facts = json.loads(rota("doctor", "--json").stdout)["capabilities"]
        detail = next(f["detail"] for f in facts if f["name"] == "IoPriority")
        self.assertIn("carried to the kernel by io_uring, linux_aio and the blocking pool", detail)

    def test_is_readable_in_100_columns_and_has_no_colour_in_a_pipe(self):
        text = rota("doctor").stdout
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.assertNotIn("\033", text)

    def test_a_limit_is_reported_as_it_is(self):
        done = subprocess.run(["sh", "-c", 'ulimit -n 77; exec "$0" doctor --json', PROGRAM],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=True)
        limits = {f["name"]: f["detail"] for f in json.loads(done.stdout)["capabilities"]}
        self.assertTrue(limits["RLIMIT_NOFILE"].startswith("77 "), limits["RLIMIT_NOFILE"])

    def placement(self, **options):
        facts = json.loads(rota("doctor", "--json", **options).stdout)["capabilities"]
        return {f["name"]: f["detail"] for f in facts if f["group"] == "placement"}

    def test_workers_are_as_many_as_the_affinity_mask_allows(self):
        cpu = max(os.sched_getaffinity(0))
        found = self.placement(preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        self.assertIn("1 worker:", found["one worker per core"])
        self.assertIn("1 worker:", found["work stealing"])
        self.assertRegex(found["worker 0"], rf"^CPU {cpu}, node \d+$")
        self.assertNotIn("worker 1", found)

    def test_each_worker_is_shown_with_its_cpu_and_its_victims(self):
        found = self.placement()
        if "None is pinned" in found["one worker per core"]:
            self.assertEqual(found["worker 0"], "on no particular CPU")
            self.skipTest("under a quota no worker has a CPU")
        several = "worker 1" in found
        self.assertEqual(several, "would steal from" in found["worker 0"], found)
        if not several:
            self.skipTest("one worker has no victims")
        self.assertRegex(found["worker 1"],
                         r"^CPU \d+, node \d+; pinned there, would steal from .*\(.*\)$")

    def test_workers_that_steal_are_pinned_only_where_that_is_asked_for(self):
        self.assertIn("None is pinned.", self.placement()["work stealing"])

    def test_a_refused_driver_is_shown_with_its_error_and_what_helps(self):
        # Room for one number: poll needs no more, epoll and io_uring do.
        done = subprocess.run(["sh", "-c", 'ulimit -n 4; exec "$0" doctor', PROGRAM],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=True)
        choice = re.sub(r"\s+", " ", done.stdout[done.stdout.index("What Rota would choose"):])
        for part in ("poll: the best of what this machine allows.",
                     "Refused: epoll, with EMFILE (Too many open files).",
                     "eventfd2 has no file descriptor left.",
                     "What helps: a higher limit of open files"):
            self.assertIn(part, choice)


    def costs(self, *arguments, **variables):
        environment = {key: value for key, value in os.environ.items()
                       if key not in ("HOME", "XDG_CACHE_HOME")}
        done = rota("doctor", "--json", *arguments, env={**environment, **variables})
        facts = json.loads(done.stdout)["capabilities"]
        return {f["name"]: f["detail"] for f in facts if f["group"] == "costs"}, done.stderr

    def test_what_calls_cost_is_measured_kept_and_read_again(self):
        with tempfile.TemporaryDirectory() as home:
            self.assertTrue(self.costs(HOME=home)[0]["measured"].startswith("now;"))
            self.assertEqual(os.listdir(home), [], "nobody asked for a file")
            measured, said = self.costs("--measure", HOME=home)
            if "No data available" in said:
                self.skipTest("a call that is measured cannot be made here")
            self.assertEqual(said, "")
            self.assertTrue(measured["measured"].startswith("before, and kept;"))
            self.assertEqual(os.listdir(Path(home, ".cache/rota")), ["measurements"])
            self.assertEqual(self.costs(HOME=home)[0], measured)
            self.assertRegex(measured["a system call"], r"^\d+\.\d µs, ")
            Path(home, ".cache/rota/measurements").write_text("rota measurements 1\ngarbage\n")
            self.assertTrue(self.costs(HOME=home)[0]["measured"].startswith("now;"))

    def test_a_folder_that_is_missing_is_the_reason_of_no_reads_and_nothing_is_kept(self):
        with tempfile.TemporaryDirectory() as home:
            measured, said = self.costs("--measure", HOME=home, TMPDIR="/nowhere")
            self.assertIn("the measurements cannot be kept: No data available", said)
            self.assertEqual(os.listdir(home), [])
        for read in ("read without waiting", "the same in a ring"):
            self.assertEqual(measured[read],
                             "no file can be made in /nowhere: No such file or directory")

    def test_a_wake_is_on_another_cpu_where_there_is_one(self):
        cpus = os.sched_getaffinity(0)
        place = "another" if len(cpus) > 1 else "the same"
        self.assertIn(f"on {place} CPU", self.costs()[0]["wake of a sleeping thread"])
        self.addCleanup(os.sched_setaffinity, 0, cpus)
        os.sched_setaffinity(0, {max(cpus)})
        self.assertIn("on the same CPU", self.costs()[0]["wake of a sleeping thread"])

    def test_what_cannot_be_kept_is_shown_all_the_same(self):
        for home in ({}, {"HOME": "/proc/nowhere"}):
            measured, said = self.costs("--measure", **home)
            self.assertIn("the measurements cannot be kept: ", said)
            self.assertTrue(measured["measured"].startswith("now;"))

    def test_an_older_kernel_is_said_to_lack_what_came_later(self):
        choice = json.loads(rota("doctor", "--json", "--as-kernel", "5.15").stdout)["choice"]
        self.assertEqual(choice["as_kernel"], "5.15")
        if choice["driver"] != "io_uring":
            self.skipTest("there is no ring here at all")
        reasons = " ".join(refused["reason"] for refused in choice["refused"])
        for part in ("IORING_SETUP_DEFER_TASKRUN (Linux 6.1)",
                     "IORING_SETUP_COOP_TASKRUN (Linux 5.19)",
                     "IORING_OP_FTRUNCATE came with Linux 6.9: a thread cuts files.",
                     "IORING_ACCEPT_MULTISHOT came with Linux 5.19"):
            self.assertIn(part, reasons)
        self.assertNotIn("IORING_OP_LINKAT", reasons)

    def test_a_kernel_before_the_oldest_ring_has_epoll(self):
        choice = json.loads(rota("doctor", "--json", "--as-kernel", "5.12").stdout)["choice"]
        self.assertEqual(choice["driver"], "epoll")
        text = re.sub(r"\s+", " ", rota("doctor", "--as-kernel", "5.12").stdout)
        self.assertIn("What Rota would choose on Linux 5.12", text)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
