#!/usr/bin/env python3
"""The program as its users meet it: help, refusals, doctor, and a very short lab.

    cli_test.py PROGRAM
"""

import errno
import html.parser
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = ""
DRIVERS = ("select", "poll", "epoll", "linux_aio", "io_uring pinned", "io_uring movable")
PATIENCE_S = 120


def rota(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True,
                          timeout=PATIENCE_S, check=False, **options)


class Help(unittest.TestCase):
    def test_teaches_what_it_is_and_lists_every_command(self):
        done = rota("--help")
        self.assertEqual(done.returncode, 0)
        for word in ("lab", "doctor", "load", "cell", "Examples:", "rota lab --quick"):
            self.assertIn(word, done.stdout)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)

    def test_without_arguments_is_the_help(self):
        self.assertEqual(rota().stdout, rota("--help").stdout)

    def test_of_each_command_names_its_options(self):
        options = {"lab": ("--quick", "--only", "--drivers", "--rounds", "--seconds", "--out",
                           "--json", "uring-movable", "uring-sqpoll", "read-warm-buffered-qd32",
                           "--files", "--waiting", "--baseline", "--connections"),
                   "doctor": ("--json", "--as-kernel", "--measure"),
                   "load": ("--port", "--connections", "--depth", "--requests", "--gated",
                            "--reconnect"),
                   "cell": ("--driver", "--operations", "--file")}
        for command, names in options.items():
            done = rota(command, "--help")
            self.assertEqual(done.returncode, 0, command)
            for name in names:
                self.assertIn(name, done.stdout, command)

    def test_version_is_one_line(self):
        done = rota("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^rota \d+\.\d+\.\d+\n$")


class BadArguments(unittest.TestCase):
    def refused(self, *arguments):
        done = rota(*arguments)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_an_unknown_command_is_named(self):
        said = self.refused("frobnicate")
        for word in ("frobnicate", "lab, doctor, load, cell"):
            self.assertIn(word, said)

    def test_an_unknown_option_is_named(self):
        self.assertIn("--frobnicate", self.refused("lab", "--frobnicate"))

    def test_an_unknown_workload_is_named_with_what_is_allowed(self):
        said = self.refused("lab", "--only", "chess")
        for word in ("--only", "chess", "echo-64", "timers"):
            self.assertIn(word, said)

    def test_an_unknown_driver_is_named_with_what_is_allowed(self):
        said = self.refused("lab", "--drivers", "epoll,kqueue")
        for word in ("--drivers", "kqueue", "uring-movable"):
            self.assertIn(word, said)

    def test_a_number_out_of_range_is_named_with_its_range(self):
        said = self.refused("lab", "--rounds", "0")
        for word in ("--rounds", "'0'", "1 to 1000"):
            self.assertIn(word, said)
        self.assertIn("--seconds", self.refused("lab", "--seconds", "soon"))

    def test_options_before_an_experiment_are_not_dropped(self):
        said = self.refused("lab", "--quick", "waiting")
        self.assertIn("rota lab waiting OPTION", said)

    def test_a_missing_option_is_named(self):
        self.assertIn("--port", self.refused("load"))

    def test_what_is_no_release_of_the_kernel_is_refused(self):
        for text in ("six", "6", "6.", "6.1.2"):
            said = self.refused("doctor", "--as-kernel", text)
            self.assertIn(f"'{text}' is not a release", said)


class Output(unittest.TestCase):
    """Who does not get what was asked for hears of it, with a status and a reason."""

    COMMANDS = (("--help",), ("--version",), ("doctor",), ("doctor", "--json"), ("lab", "--help"))

    def test_that_cannot_be_written_is_a_failure(self):
        for arguments in self.COMMANDS:
            with open("/dev/full", "w") as full:
                done = subprocess.run([PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE,
                                      text=True, timeout=PATIENCE_S, check=False)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn("cannot write to stdout", done.stderr, arguments)

    def test_to_a_closed_stdout_is_a_failure(self):
        for arguments in self.COMMANDS:
            done = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', PROGRAM, *arguments],
                                  stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S,
                                  check=False)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn("cannot write to stdout", done.stderr, arguments)

    def test_of_the_lab_is_checked_too(self):
        with tempfile.TemporaryDirectory() as out, open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "lab", "--rounds", "1", "--seconds", "0.02", "--only",
                                   "timeout", "--drivers", "epoll", "--out", out], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S,
                                  check=False)
            self.assertTrue(Path(out, "results.json").read_text().startswith("{"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write to stdout", done.stderr)


class Page(html.parser.HTMLParser):
    """What a page refers to, its headings of rows, and its pictures."""

    def __init__(self, text):
        super().__init__()
        self.references, self.rows, self.pictures, self._in_row = [], set(), 0, False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.references += [v for n, v in attributes if n in ("src", "href", "xlink:href")]
        self.pictures += tag == "svg"
        self._in_row = tag == "th" and ("scope", "row") in attributes

    def handle_data(self, data):
        if self._in_row:
            self.rows.add(data.strip())


class Lab(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name, "lab")

    def measure(self, only):
        done = rota("lab", "--rounds", "1", "--seconds", "0.3", "--only", only, "--out",
                    str(self.out))
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return done

    def check_reports(self, done):
        results = json.loads((self.out / "results.json").read_text())
        facts = json.loads(rota("doctor", "--json").stdout)
        usable = {f["name"] for f in facts["capabilities"]
                  if f["group"] == "driver" and f["available"] == "yes"}
        for cell in results["cells"]:
            if cell["driver_title"] in usable:
                self.assertEqual(cell["refusal"], "", cell["driver"])
                self.assertGreater(cell["cpu_ns_per_operation"]["median"], 0)
                self.assertEqual(len(cell["samples"]), 1)
            else:
                self.assertNotEqual(cell["refusal"], "", cell["driver"])
        self.assertEqual({cell["driver_title"] for cell in results["cells"]}, set(DRIVERS))
        text = (self.out / "index.html").read_text()
        page = Page(text)
        self.assertEqual(page.references, [])
        self.assertNotRegex(text, r"https?://|@import|url\(")
        self.assertGreaterEqual(page.rows, set(DRIVERS))
        self.assertGreater(page.pictures, 0)
        for driver in DRIVERS:
            self.assertIn(driver, done.stdout)
        self.assertIn(str(self.out / "index.html"), done.stdout)
        self.assertLessEqual(max(map(len, done.stdout.splitlines()[:-1])), 100)
        return results

    def test_timers_give_a_table_a_page_and_data_for_every_driver(self):
        self.check_reports(self.measure("timers"))

    def test_one_echo_workload_runs_under_every_driver(self):
        results = self.check_reports(self.measure("echo-64"))
        for cell in results["cells"]:
            for sample in cell["samples"]:
                self.assertGreater(sample["generator_busy"], 0)

    def test_one_file_workload_runs_and_leaves_no_file_behind(self):
        self.check_reports(self.measure("read-warm-buffered-qd32"))
        self.assertEqual({p.name for p in self.out.iterdir()}, {"index.html", "results.json"})

    def test_json_goes_to_stdout_alone(self):
        done = rota("lab", "--rounds", "1", "--seconds", "0.02", "--only", "timeout", "--drivers",
                    "epoll", "--out", str(self.out), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["cells"][0]["driver"], "epoll")

    def test_a_folder_that_cannot_be_made_is_named(self):
        done = rota("lab", "--out", "/dev/null/lab")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/dev/null/lab", done.stderr)

    def test_a_report_that_cannot_be_written_is_found_before_anything_is_measured(self):
        for name in ("index.html", "results.json"):
            out = self.out / name
            (out / name).mkdir(parents=True)
            done = rota("lab", "--rounds", "1", "--seconds", "0.02", "--only", "timeout",
                        "--drivers", "epoll", "--out", str(out))
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{out / name}: {os.strerror(errno.EISDIR)}", done.stderr)
            self.assertNotIn("round", done.stderr)

    def test_an_earlier_report_is_replaced_as_a_whole(self):
        self.out.mkdir()
        (self.out / "results.json").write_text("old " * 100_000)
        self.measure("timeout")
        json.loads((self.out / "results.json").read_text())

    def test_system_calls_are_counted_as_well_without_stdin(self):
        reasons = []
        for closing in ("", "0<&-"):
            subprocess.run(["sh", "-c", f'exec "$0" "$@" {closing}', PROGRAM, "lab", "--rounds",
                            "1", "--seconds", "0.02", "--only", "echo-64", "--drivers", "epoll",
                            "--out", str(self.out)],
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S,
                           check=False)
            cell = json.loads((self.out / "results.json").read_text())["cells"][0]
            reasons.append(cell.get("system_calls_not_counted"))
        self.assertEqual(*reasons)

    def test_a_cell_that_fails_beside_others_that_do_not_is_a_failure(self):
        # 64 connections do not fit, 10,000 sleeping tasks need no descriptor.
        done = subprocess.run(["sh", "-c", 'ulimit -n 40; exec "$0" "$@"', PROGRAM, "lab",
                               "--quick", "--rounds", "1", "--seconds", "0.02", "--drivers",
                               "epoll", "--out", str(self.out)],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        cells = json.loads((self.out / "results.json").read_text())["cells"]
        failed = {cell["workload"] for cell in cells if cell["refusal"]}
        self.assertLessEqual({"echo-64", "echo-4k"}, failed)
        self.assertNotIn("sleep", failed)
        self.assertEqual(done.returncode, 1, done.stderr)

    def test_an_interrupt_ends_the_children_and_shows_what_there_is(self):
        lab = subprocess.Popen([PROGRAM, "lab", "--only", "sleep", "--out", str(self.out)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in lab.stderr:
            if "round 1" in line and "poll" in line:
                break
        children = Path(f"/proc/{lab.pid}/task/{lab.pid}/children").read_text().split()
        lab.send_signal(signal.SIGINT)
        out, _ = lab.communicate(timeout=PATIENCE_S)
        self.assertEqual(lab.returncode, 130)
        self.assertIn("Partial results: interrupted", out)
        self.assertIn("partial results: interrupted", (self.out / "index.html").read_text())
        for child in children:
            self.assertFalse(os.path.exists(f"/proc/{child}"))


class Load(unittest.TestCase):
    def test_drives_a_server_and_reports_one_line(self):
        with subprocess.Popen([PROGRAM, "cell", "echo-64", "--driver", "poll"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            port = server.stdout.readline().split()[1]
            done = rota("load", "--port", port, "--connections", "3", "--requests", "30")
            server.stdin.close()
            self.assertEqual(server.wait(timeout=PATIENCE_S), 0)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["requests"], 30)

    def test_an_interrupt_ends_the_window_and_reports_what_there_is(self):
        with subprocess.Popen([PROGRAM, "cell", "echo-64", "--driver", "poll"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            port = server.stdout.readline().split()[1]
            load = subprocess.Popen([PROGRAM, "load", "--port", port, "--connections", "3",
                                     "--warm-up", "0", "--duration", "600000", "--events-fd", "2"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for line in load.stderr:
                if line == "begin\n":
                    break
            load.send_signal(signal.SIGINT)
            out, said = load.communicate(timeout=PATIENCE_S)
            server.stdin.close()
            self.assertEqual(server.wait(timeout=PATIENCE_S), 0)
        self.assertEqual(load.returncode, 130, said)
        self.assertLess(json.loads(out)["seconds"], 600)
        self.assertIn("interrupted", said)

    def test_says_so_when_nobody_listens(self):
        done = rota("load", "--port", "1", "--requests", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nobody listens", done.stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
