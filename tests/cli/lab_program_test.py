#!/usr/bin/env python3
"""The matrix of `rota lab`: its workloads and setups by name, what it measures of each, and what it
says of a cell that cannot run.

    lab_program_test.py PROGRAM
"""

import json
import re
import resource
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = ""
PATIENCE_S = 120
FAMILIES = {
    "echo": ["echo-64", "echo-1k", "echo-4k", "echo-16k", "echo-64k", "echo-64-c1000"],
    "connections": ["connect", "idle"],
    "files": [f"read-{cache}-{path}-qd{depth}" for cache in ("warm", "cold")
              for path in ("buffered", "direct") for depth in (1, 32, 128)],
    "timers": ["sleep", "timeout"],
}
USUAL = {"echo-64", "echo-4k", "read-warm-buffered-qd1", "read-warm-buffered-qd32",
         "read-warm-direct-qd32", "sleep", "timeout"}


def rota(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True,
                          timeout=PATIENCE_S, check=False, **options)


def limited(descriptors):
    """What a child does first, so that it may have so many descriptors."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    return limit


class Measuring(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name, "lab")

    def lab(self, *arguments, seconds="0.2", **options):
        return rota("lab", "--quick", "--rounds", "1", "--seconds", seconds, "--out",
                    str(self.out), *arguments, **options)

    def results(self):
        return json.loads((self.out / "results.json").read_text())

    def cells(self, *arguments, **options):
        done = self.lab(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return self.results()["cells"]


class Listing(unittest.TestCase):
    def test_help_has_every_workload_and_a_star_at_those_that_are_always_measured(self):
        text = rota("lab", "--help").stdout
        listed = re.findall(r"^  ([* ]) ([a-z0-9-]+)  +\S", text, re.MULTILINE)
        self.assertEqual([name for _, name in listed], sum(FAMILIES.values(), []))
        self.assertEqual({name for star, name in listed if star == "*"}, USUAL)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_help_names_engines_ways_to_wait_and_an_example_of_each(self):
        text = rota("lab", "--help").stdout
        for word in ("pool, linux-aio, uring, uring-polled, uring-hybrid, posix-aio,",
                     "posix-aio-signal, posix-aio-thread",
                     "block, spin, busy-poll", "--baseline uring",
                     "--files best,pool", "says why"):
            self.assertIn(word, text)


class Naming(Measuring):
    def refused(self, *arguments):
        done = self.lab(*arguments)
        self.assertEqual(done.returncode, 2, done.stderr)
        return done.stderr

    def test_a_word_that_names_no_workload_is_refused_with_what_does(self):
        said = self.refused("--only", "sleep,reed-*")
        for word in ("--only", "'reed-*' names no workload", "echo, connections, files, timers",
                     "'read-cold-*'", "read-warm-direct-qd128"):
            self.assertIn(word, said)

    def test_an_engine_that_is_unknown_is_refused_with_those_that_are(self):
        self.assertIn("epoll+posix-aio", self.refused("--drivers", "epoll+floppy"))
        self.assertIn("best, pool, linux-aio, uring, uring-polled, uring-hybrid, posix-aio, "
                      "posix-aio-signal, posix-aio-thread",
                      self.refused("--files", "floppy"))

    def test_a_baseline_that_is_not_measured_is_refused_with_those_that_are(self):
        said = self.refused("--drivers", "poll,epoll", "--waiting", "spin", "--baseline", "epoll")
        self.assertIn("name one of: poll/spin, epoll/spin", said)

    def test_patterns_names_and_families_select_each_workload_once(self):
        cells = self.cells("--only", "sleep,timers,s*p", "--drivers", "epoll")
        self.assertEqual([cell["workload"] for cell in cells], FAMILIES["timers"])


class Echo(Measuring):
    def test_every_size_is_echoed_whole(self):
        cells = self.cells("--only", "echo", "--drivers", "epoll")
        self.assertEqual([cell["workload"] for cell in cells], FAMILIES["echo"])
        for cell in cells:
            self.assertGreater(cell["p99_ns"]["median"], 0, cell["workload"])


class Connections(Measuring):
    def test_a_connection_has_its_cpu_time_and_its_latency(self):
        cells = self.cells("--only", "connect", "--drivers", "epoll")
        self.assertGreater(cells[0]["cpu_ns_per_operation"]["median"], 0)
        self.assertGreaterEqual(cells[0]["p99_ns"]["median"], cells[0]["p50_ns"]["median"])

    def test_idle_ones_have_their_memory_and_the_cpu_time_of_silence(self):
        cells = self.cells("--only", "idle", "--drivers", "poll,epoll", "--connections", "400")
        for cell in cells:
            memory = cell["resident_bytes_per_connection"]["median"]
            self.assertGreater(memory, 64, "a task and its buffer")
            self.assertLess(memory, 64 * 1024, "far more than a task and its buffer")
            self.assertGreaterEqual(cell["cpu_ns_per_second"]["median"], 0)
            self.assertNotIn("operations_per_s", cell)

    def test_more_than_the_hard_limit_of_descriptors_are_refused_with_what_helps(self):
        done = self.lab("--only", "idle", "--drivers", "epoll", "--connections", "500",
                        preexec_fn=limited(300))
        self.assertEqual(done.returncode, 1)
        said = re.sub(r"\s+", " ", done.stdout)
        for word in ("RLIMIT_NOFILE is 300", "ulimit -Hn", "--connections"):
            self.assertIn(word, said)
        self.assertIn("RLIMIT_NOFILE is 300", (self.out / "index.html").read_text())

    def test_a_soft_limit_of_descriptors_is_raised(self):
        def soften():
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        self.cells("--only", "idle", "--drivers", "epoll", "--connections", "200",
                   preexec_fn=soften)

    def test_a_driver_that_cannot_wait_for_so_many_says_so_and_nothing_has_failed(self):
        cells = self.cells("--only", "idle", "--drivers", "select,epoll", "--connections", "1100")
        self.assertIn("below 1024", cells[0]["refusal"])
        self.assertEqual(cells[1]["refusal"], "")

    def test_the_load_generator_makes_a_connection_for_each_message(self):
        with subprocess.Popen([PROGRAM, "cell", "connect", "--driver", "epoll"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            port = server.stdout.readline().split()[1]
            done = rota("load", "--port", port, "--connections", "3", "--requests", "50",
                        "--reconnect")
            server.stdin.close()
            self.assertEqual(server.wait(timeout=PATIENCE_S), 0)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["requests"], 50)


class Files(Measuring):
    def test_every_kind_of_read_is_measured_or_says_why_not(self):
        done = self.lab("--only", "files", "--drivers", "epoll", seconds="0.02")
        cells = self.results()["cells"]
        self.assertEqual([cell["workload"] for cell in cells], FAMILIES["files"], done.stderr)
        for cell in cells:
            if cell["refusal"]:
                self.assertIn(" ", cell["refusal"])
                self.assertIn(cell["refusal"].split(":")[0], re.sub(r"\s+", " ", done.stdout))
            else:
                self.assertGreater(cell["operations_per_s"]["median"], 0, cell["workload"])

    def test_cold_reads_come_from_the_device_and_warm_ones_do_not(self):
        self.lab("--only", "read-*-buffered-qd32", "--drivers", "epoll")
        shares = {cell["workload"]: cell["samples"][0].get("device_read_share")
                  for cell in self.results()["cells"] if cell["samples"]}
        if shares.get("read-cold-buffered-qd32") is None:
            self.skipTest("the file cannot be made cold, or the kernel accounts no reads")
        self.assertGreater(shares["read-cold-buffered-qd32"], 0.9)
        self.assertLess(shares["read-warm-buffered-qd32"], 0.1)

    def test_a_file_system_in_memory_is_never_cold_and_says_so(self):
        if not Path("/dev/shm").is_mount():
            self.skipTest("/dev/shm is no file system of its own")
        with tempfile.TemporaryDirectory(dir="/dev/shm") as out:
            done = rota("lab", "--rounds", "1", "--seconds", "0.02", "--only",
                        "read-cold-buffered-qd1", "--drivers", "epoll", "--out", out)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot be made cold here", re.sub(r"\s+", " ", done.stdout))


class Pictures(Measuring):
    def picture(self, words):
        """The one whose description begins so."""
        page = (self.out / "index.html").read_text()
        found = re.findall(rf'<svg [^>]*aria-label="{words}.*?</svg>', page, re.DOTALL)
        self.assertEqual(len(found), 1, words)
        return found[0]

    def test_the_matrix_has_a_cell_for_everything_with_a_ratio_or_a_reason(self):
        cells = self.cells("--only", "timeout,sleep", "--drivers", "poll,epoll", "--files",
                           "best,pool", "--baseline", "poll")
        matrix = self.picture("Cost of each workload under each setup, as a ratio to poll")
        self.assertEqual(matrix.count('<g class="cell">'), len(cells))
        self.assertEqual(matrix.count(">(1)</text>") + matrix.count(">(2)</text>"), 4)
        self.assertIn('class="driver strong"', matrix)
        shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", matrix))
        for reason in {cell["refusal"] for cell in cells if cell["refusal"]}:
            self.assertIn("not measured: " + reason, shown)
        for name in ("timeout", "sleep", "epoll+pool"):
            self.assertIn(f">{name}</text>", matrix)

    def test_throughput_against_p99_has_a_mark_for_each_setup_and_no_label_on_another(self):
        cells = self.cells("--only", "sleep", "--drivers", "poll,epoll", "--waiting",
                           "block,spin,busy-poll")
        picture = self.picture("Throughput and p99")
        self.assertEqual(picture.count('<g class="mark">'), len(cells))
        for words in ("p99 of the lateness", "sleeps per second", "epoll/busy-poll"):
            self.assertIn(words, picture)
        labels = [float(y) for y in
                  re.findall(r'<text class="(?:name|strong)" x="[^"]*" y="([^"]*)"', picture)]
        self.assertEqual(len(labels), len(cells))
        for above, below in zip(sorted(labels), sorted(labels)[1:]):
            self.assertGreaterEqual(below - above, 14)

    def test_what_has_no_latency_has_no_mark(self):
        self.cells("--only", "timeout", "--drivers", "epoll")
        self.assertNotIn("Throughput against p99", (self.out / "index.html").read_text())


class Setups(Measuring):
    def test_drivers_engines_and_ways_to_wait_are_crossed(self):
        cells = self.cells("--only", "timeout", "--drivers", "poll,epoll", "--waiting",
                           "spin,busy-poll", "--baseline", "poll/busy-poll")
        self.assertEqual([cell["setup"] for cell in cells],
                         ["poll/spin", "poll/busy-poll", "epoll/spin", "epoll/busy-poll"])
        self.assertEqual(self.results()["baseline"], "poll/busy-poll")
        self.assertEqual(cells[1]["ratio_to_baseline"]["median"], 1)
        for cell in cells:
            self.assertEqual(cell["setup"], f"{cell['driver']}/{cell['waiting']}")

    def test_an_engine_is_measured_where_it_makes_a_difference_and_elsewhere_says_so(self):
        done = self.lab("--only", "timeout,read-warm-*-qd1", "--drivers", "epoll", "--files",
                        "best,pool,linux-aio")
        reasons = {(cell["workload"], cell["files"]): cell["refusal"]
                   for cell in self.results()["cells"]}
        self.assertEqual(len(reasons), 9, done.stderr)
        self.assertEqual(reasons["timeout", "best"], "")
        self.assertIn("see epoll", reasons["timeout", "pool"])
        self.assertIn("direct reads only", reasons["read-warm-buffered-qd1", "linux-aio"])
        self.assertEqual(reasons["read-warm-buffered-qd1", "pool"], "")
        page = (self.out / "index.html").read_text()
        for reason in filter(None, reasons.values()):
            self.assertIn(reason, page)

    def test_posix_aio_is_compared_by_each_way_in_which_it_tells_of_an_end(self):
        cells = self.cells("--only", "read-warm-buffered-qd32", "--drivers", "epoll", "--files",
                           "posix-aio,posix-aio-signal,posix-aio-thread")
        self.assertEqual([cell["setup"] for cell in cells],
                         ["epoll+posix-aio", "epoll+posix-aio-signal", "epoll+posix-aio-thread"])
        for cell in cells:
            self.assertGreater(cell["operations_per_s"]["median"], 0, cell["setup"])

    def test_a_driver_may_be_named_with_its_engine(self):
        cells = self.cells("--only", "read-warm-buffered-qd1", "--drivers", "epoll+pool,poll")
        self.assertEqual([cell["setup"] for cell in cells], ["poll", "epoll+pool"])


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
