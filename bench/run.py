#!/usr/bin/env python3
"""Builds and runs Rota's benchmarks beside raw loops and other runtimes.

    bench/run.py echo|tasks|wakes|forks|scaling|timers|files|direct [--rounds N] [--quick]

Prints a markdown table and writes out/bench/NAME.json and out/bench/NAME.md.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import build, echo, lines, machine, priority, scaling, table  # noqa: E402
from harness.candidates import ECHO, ECHO_CASES, ECHO_DEFAULT_CASES, LINE_SUITES  # noqa: E402

ROUNDS_FULL = 20  # what an interval of 10 % usually takes on a noisy machine
ROUNDS_QUICK = 3


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", choices=["echo", "scaling", *LINE_SUITES])
    parser.add_argument("--rounds", type=int, help=f"default {ROUNDS_FULL}, or {ROUNDS_QUICK}"
                        " with --quick")
    parser.add_argument("--quick", action="store_true",
                        help="short windows: shows that all works, resolves nothing")
    parser.add_argument("--case", action="append", choices=[case.name for case in ECHO_CASES],
                        help=f"echo only, repeatable; default {', '.join(ECHO_DEFAULT_CASES)}")
    parser.add_argument("--candidate", action="append", metavar="NAME",
                        choices=[candidate.name for candidate in ECHO],
                        help="echo only, repeatable: beside the raw loops only these, such as"
                        " 'Rota (default)'")
    parser.add_argument("--no-count", action="store_true",
                        help="echo only: leave out system calls, instructions, allocations")
    parser.add_argument("--no-build", action="store_true", help="measure what is built already")
    parser.add_argument("--autogroup-nice", type=int, metavar="N",
                        help="this session's weight against others (-20 to 19; needs privilege)")
    arguments = parser.parse_args()
    if arguments.rounds is None:
        arguments.rounds = ROUNDS_QUICK if arguments.quick else ROUNDS_FULL
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    return arguments


def main():
    arguments = parse_arguments()
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("bench: server and generator need a core each; this process may use only one")
    if not arguments.no_build:
        try:
            build.build_all()
        except subprocess.CalledProcessError as error:
            sys.exit(f"bench: the build failed: {error}")
    if arguments.autogroup_nice is not None:
        priority.raise_autogroup(arguments.autogroup_nice)
    facts = machine.describe()
    if arguments.benchmark == "echo":
        result = echo.run(arguments.rounds, arguments.quick, arguments.case or ECHO_DEFAULT_CASES,
                          arguments.candidate, not arguments.no_count)
        tables = echo.tables(result)
    elif arguments.benchmark == "scaling":
        result = scaling.run(arguments.rounds)
        tables = scaling.tables(result)
    else:
        result = lines.run(arguments.benchmark, arguments.rounds)
        tables = lines.tables(result)
    print(table.write(arguments.benchmark, facts, result, tables))


if __name__ == "__main__":
    main()
