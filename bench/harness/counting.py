"""Deterministic figures: system calls, user instructions and heap allocations per operation.

Each is counted twice, over N and over 2 N messages; the difference divided by N is free of start-up
and of connecting. These passes run apart from the timed ones, since counting disturbs time."""

import functools
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from .server import MeasurementFailed, Server, load_command, run_load


# How many calls a request takes depends on how many connections are ready at a time, so on luck:
# more requests than for what is deterministic.
SYSTEM_CALL_TIMES = 8


def _number(text):
    return int(text.replace(",", ""))


def _search(pattern, text, name):
    found = re.search(pattern, text)
    if not found:
        raise MeasurementFailed(f"{name}: no count in: {text.strip()[-300:]}")
    return _number(found.group(1))


@functools.cache
def _perf_counts_system_calls():
    if not shutil.which("perf"):
        return False
    done = subprocess.run(["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "true"],
                          capture_output=True, text=True, check=False)
    return done.returncode == 0 and re.search(r"^\d+,", done.stderr, re.MULTILINE) is not None


def system_call_method():
    """Of the two means the kernel's tracepoint is the better: strace slows the server down so much
    that it finds more connections ready per wait."""
    if _perf_counts_system_calls():
        return "perf"
    return "strace" if shutil.which("strace") else None


def _under_perf(candidate, case, requests):
    with tempfile.TemporaryDirectory() as folder, Server(candidate) as server:
        counts = Path(folder) / "counts"
        run_load(["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", str(server.pid),
                  "-o", str(counts), "--", *load_command(server, case, "--requests", requests)],
                 candidate.name)
        return _search(r"(?m)^(\d+),", counts.read_text(), candidate.name)


def _under_strace(candidate, case, requests):
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder) / "counts"
        with Server(candidate, ("strace", "-f", "-c", "-o", str(counts))) as server:
            run_load(load_command(server, case, "--requests", requests), candidate.name)
        return _search(r"(?m)^100\.00\s+\S+\s+\S+\s+(\d+)", counts.read_text(), candidate.name)


def _under_valgrind(candidate, case, requests, options, pattern):
    with Server(candidate, ("valgrind", *options)) as server:
        run_load(load_command(server, case, "--requests", requests), candidate.name)
        return _search(pattern, server.stop(), candidate.name)


def _per_request(count, case, times=1):
    """`count` is a function of a number of requests. They are multiples of the connections, so that
    the generator need not round them."""
    once = times * -(-case.counted_requests // case.connections) * case.connections
    return (count(2 * once) - count(once)) / once


def system_calls(candidate, case):
    under = {"perf": _under_perf, "strace": _under_strace}[system_call_method()]
    return _per_request(lambda n: under(candidate, case, n), case, SYSTEM_CALL_TIMES)


def instructions(candidate, case):
    options = ("--tool=callgrind", "--callgrind-out-file=/dev/null")
    pattern = r"Collected : (\d+)"
    return _per_request(lambda n: _under_valgrind(candidate, case, n, options, pattern), case)


def allocations(candidate, case):
    options = ("--tool=memcheck", "--leak-check=no", "--undef-value-errors=no")
    pattern = r"total heap usage: ([\d,]+) allocs"
    return _per_request(lambda n: _under_valgrind(candidate, case, n, options, pattern), case)


def count_all(candidate, case):
    """Every figure that can be counted here, and for the others why not."""
    figures, reasons = {}, {}
    wanted = {}
    if system_call_method():
        wanted["system_calls"] = system_calls
    else:
        reasons["system_calls"] = "neither perf's tracepoints nor strace are available"
    for name, function in (("instructions", instructions), ("allocations", allocations)):
        if not shutil.which("valgrind"):
            reasons[name] = "valgrind is not installed"
        elif not candidate.emulated:
            reasons[name] = "not runnable under valgrind"
        else:
            wanted[name] = function
    for name, function in wanted.items():
        try:
            figures[name] = function(candidate, case)
        except MeasurementFailed as failure:
            reasons[name] = str(failure)
    return figures, reasons
