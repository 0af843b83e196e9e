#!/usr/bin/env python3
"""Runs whole suites as sandboxes and old kernels would, with one system call denied at a time.

    campaign.py TESTS [--brief] [--only CALL,...] [--set-system-switch]

TESTS is the folder of the tests that were built: build/release/tests. The first table of
docs/concepts/sandboxes.md names the calls, and what comes of it when each is denied. Here each is
denied, with EPERM as by most filters and with ENOSYS as by old kernels, to the conformance suite
under several drivers, and where the page says that all works to the scenarios of tasks too. Then
the suites run with the rights of nobody and 16 KiB of locked memory.

A run passes when every cell of its suite passes, or comes to the answer of the filter and names the
call. Where the page says that all works, no cell of a default configuration may be missing; where
it says that something is missing, some cell must be.

--brief, for CI, takes one column without what takes long, and each call once. --set-system-switch
sets kernel.io_uring_disabled to 2 for the whole system while one suite runs: for machines of CI
(CI=true), where this is root. Else EPERM for io_uring_setup stands for it.

--only takes some of the calls; nobody, among them, is for the rights of nobody.

The last line is "N passed, N failed". Exits with 1 when one failed, with 77 where nothing can be
denied.
"""

import argparse
import collections
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

CANNOT_RUN = 77
SECONDS = 300  # for one run: it takes some
PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "concepts", "sandboxes.md")
ERRNOS = ("EPERM", "ENOSYS")
SWITCH = "/proc/sys/kernel/io_uring_disabled"
NOBODY_UID = 65534
NOBODY = ("--nobody", "--locked-memory", str(16 * 1024))
NO_RING = ("io_uring_setup=EPERM",)
# What takes most of the time of a column, and meets no call that others do not.
LONG = ("storm", "whole_write", "park_at_once", "used_up", "thousand", "lingers")

# Scenarios that run other programs, ls and stat, which do not begin without the call.
OF_OTHERS = {"statx": ("other_programs_see_what_was_done",
                       "a_child_has_no_fd_but_those_it_was_given")}
# What no cell of the suites calls, so that none is missing without it.
OF_NO_CELL = ("timerfd_create", "pidfd_send_signal")
# Where whoever is nobody may go as well.
ENVIRONMENT = {**os.environ, "PATH": "/usr/local/bin:/usr/bin:/bin"}

# The program of this folder, and where it begins others: in a folder of nobody's.
Launcher = collections.namedtuple("Launcher", "path folder")
Row = collections.namedtuple("Row", "call all_works")
# `is_default`: what a program has that chooses nothing.
Suite = collections.namedtuple("Suite", "name program arguments denied is_default")
Run = collections.namedtuple("Run", "row options suite")
Outcome = collections.namedtuple("Outcome", "status executed missing text")


def conformance(tests, column, denied=(), leave_out=()):
    without = ":".join(f"*{word}*" for word in leave_out)
    chosen = f"*/{column}" + (f":-{without}" if without else "")
    name = f"conformance of {column}" + (" without a ring" if denied else "")
    program = os.path.join(tests, "conformance", "conformance")
    return Suite(name, program, (f"--gtest_filter={chosen}",), denied, column == "best")


def scenarios(tests, column, denied=()):
    name = f"scenarios of {column}" + (" without a ring" if denied else "")
    program = os.path.join(tests, "task", "task_scenarios")
    return Suite(name, program, ("--whole-matrix", f"--gtest_filter={column}_*"), denied, True)


def suites_of(tests, brief):
    if brief:
        return [conformance(tests, "best", leave_out=LONG)], []
    by_name = ("poll", "select", "linux_aio", "io_uring_pinned", "epoll_aio_files")
    return ([conformance(tests, "best"), conformance(tests, "best", NO_RING),
             *(conformance(tests, column) for column in by_name)],
            [scenarios(tests, "best_single_block"), scenarios(tests, "best_single_block", NO_RING),
             scenarios(tests, "best_stealing_2_block")])


def rows_of(page):
    """The calls that the page's table names, and whether it says that all works without each."""
    with open(page, encoding="utf-8") as lines:
        for line in lines:
            cells = line.strip().strip("|").split("|")
            name = re.fullmatch(r"`(\w+)`", cells[0].strip())
            if name and len(cells) == 4:
                yield Row(name[1], cells[3].strip().startswith("all works"))


def runs_of(rows, everywhere, where_all_works, brief):
    for number, row in enumerate(rows):
        errors = (ERRNOS[number % len(ERRNOS)],) if brief else ERRNOS
        suites = everywhere + (where_all_works if row.all_works else [])
        for error in errors:
            for suite in suites:
                if not (suite.denied and row.call == "io_uring_setup"):
                    yield Run(row, (f"{row.call}={error}", *suite.denied), suite)


def perform(launcher, options, suite):
    *others, chosen = suite.arguments
    call = options[0].split("=")[0] if options else ""
    for number, name in enumerate(OF_OTHERS.get(call, ())):
        chosen += (":" if number or ":-" in chosen else ":-") + f"*{name}*"
    command = [launcher.path, *options, "--", suite.program, *others, chosen, "--gtest_brief=1"]
    # A group of its own, so that what hangs can be ended with all its children.
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace",
                               start_new_session=True, cwd=launcher.folder, env=ENVIRONMENT)
    try:
        text, _ = program.communicate(timeout=SECONDS)
        status = program.returncode
    except subprocess.TimeoutExpired:
        os.killpg(program.pid, signal.SIGKILL)
        text, _ = program.communicate()
        status = None
    counted = re.search(r": (\d+) cells executed, \d+ cannot run$", text, re.MULTILINE)
    if counted is None:
        return Outcome(status if status else 1, 0, {}, text)
    reasons = re.findall(r"^ *(\d+): (.*)$", text[counted.end():], re.MULTILINE)
    return Outcome(status, int(counted[1]), {reason: int(cells) for cells, reason in reasons}, text)


def ended_badly(outcome):
    """How, or None."""
    if outcome.status is None:
        return "hangs"
    if outcome.status == 0:
        return None
    failed = sorted(set(re.findall(r"^\[  FAILED  \] (\S+?),? ", outcome.text, re.MULTILINE)))
    return f"ends with {outcome.status}: {' '.join(failed) or outcome.text[-1000:]}"


# Of cases about receives for what comes ahead: by a denial that takes the ring, or the memory of
# its buffers, there is nothing of the kind.
OF_A_RING_WITH_BUFFERS = "this driver is asked for each receive"


def takes_the_buffers(call):
    return call.startswith("io_uring_") or call == "RLIMIT_MEMLOCK"


def verdict(run, outcome, usual):
    """None when all went as it should, and which cells were missing."""
    known = set(usual.missing)
    if takes_the_buffers(run.row.call):
        known.add(OF_A_RING_WITH_BUFFERS)
    missing = {reason: cells for reason, cells in outcome.missing.items() if reason not in known}
    wrong = ended_badly(outcome)
    names = {run.row.call, *(denial.split("=")[0] for denial in run.suite.denied)}
    silent = [reason for reason in missing if not any(name in reason for name in names)]
    if wrong is None and silent:
        wrong = f"does not name {run.row.call}: {silent}"
    if wrong is None and missing and run.suite.is_default and run.row.all_works:
        wrong = f"the page says that all works, but {missing}"
    return wrong, missing


class Score:
    def __init__(self):
        self.passed = self.failed = 0

    def add(self, what, wrong, seen=""):
        if wrong is None:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{what}: {wrong or 'ok'}{seen}", flush=True)


@contextlib.contextmanager
def system_switch():
    """A second process puts it back, should this one be killed."""
    with open(SWITCH, encoding="ascii") as file:
        before = file.read().strip()
    script = f"trap '' INT TERM HUP; cat > /dev/null; echo {before} > {SWITCH}"
    guard = subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, start_new_session=True)
    try:
        with open(SWITCH, "w", encoding="ascii") as file:
            file.write("2")
        yield
    finally:
        guard.stdin.close()
        guard.wait()


def objection_to_switch():
    if os.environ.get("CI") != "true":
        return "it is set where CI=true alone"
    if os.geteuid() != 0:
        return "it is set by root alone"
    return None if os.path.exists(SWITCH) else "it came with Linux 6.6"


def with_switch(launcher, suites, usual, score):
    objection = objection_to_switch()
    if objection is not None:
        print(f"kernel.io_uring_disabled=2: not run: {objection}")
        return
    for suite in suites:
        with system_switch():
            outcome = perform(launcher, suite.denied, suite)
        run = Run(Row("io_uring_disabled", True), (), suite)
        wrong, _ = verdict(run, outcome, usual[suite])
        score.add(f"kernel.io_uring_disabled=2: {suite.name}", wrong)


def objection_to_nobody(launcher, suites):
    if os.geteuid() != 0:
        return "root alone can become nobody"
    for suite in suites:
        command = [launcher.path, "--nobody", "--", "/usr/bin/test", "-x", suite.program]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return f"nobody may not begin {suite.program}"
    return None


def as_nobody(launcher, suites, usual, score):
    objection = objection_to_nobody(launcher, suites)
    if objection is not None:
        print(f"as nobody with 16 KiB of locked memory: not run: {objection}")
        return
    for suite in suites:
        outcome = perform(launcher, (*NOBODY, *suite.denied), suite)
        # A suite that asks for a ring by name may be refused the memory of it.
        run = Run(Row("RLIMIT_MEMLOCK", True), (), suite)
        wrong, missing = verdict(run, outcome, usual[suite])
        score.add(f"as nobody with 16 KiB of locked memory: {suite.name}", wrong,
                  f", missing: {missing}" if missing else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests")
    parser.add_argument("--brief", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--set-system-switch", action="store_true")
    words = parser.parse_args()
    words.tests = os.path.abspath(words.tests)
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY_UID, NOBODY_UID)
        return campaign(words, Launcher(os.path.join(words.tests, "sandbox", "denied"), folder))


def campaign(words, launcher):
    tried = subprocess.run([launcher.path, "reboot=EPERM", "--", "/bin/true"], capture_output=True,
                           text=True, check=False)
    if tried.returncode == CANNOT_RUN:
        print(f"nothing can be denied here: {tried.stderr.strip()}")
        return CANNOT_RUN
    everywhere, where_all_works = suites_of(words.tests, words.brief)
    suites = everywhere + where_all_works
    only = set(filter(None, words.only.split(",")))
    rows = [row for row in rows_of(PAGE) if not only or row.call in only]
    score = Score()
    missing_by_row = collections.Counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        usual = dict(zip(suites, pool.map(lambda s: perform(launcher, s.denied, s), suites)))
        for suite in suites:
            score.add(f"nothing denied: {suite.name}", ended_badly(usual[suite]))
        runs = list(runs_of(rows, everywhere, where_all_works, words.brief))
        outcomes = pool.map(lambda run: perform(launcher, run.options, run.suite), runs)
        for run, outcome in zip(runs, outcomes):
            wrong, missing = verdict(run, outcome, usual[run.suite])
            missing_by_row[run.row] += sum(missing.values())
            score.add(f"{run.options[0]}: {run.suite.name}", wrong,
                      f", {sum(missing.values())} cells cannot run" if missing else "")
    if not words.brief:
        for row in rows:
            if not row.all_works and row.call not in OF_NO_CELL:
                score.add(f"{row.call}: the page says that something is missing",
                          None if missing_by_row[row] else "nothing was")
    if not only or "nobody" in only:
        as_nobody(launcher, suites, usual, score)
    if words.set_system_switch:
        with_switch(launcher, suites, usual, score)
    print(f"{score.passed} passed, {score.failed} failed")
    return 1 if score.failed else 0


if __name__ == "__main__":
    sys.exit(main())
