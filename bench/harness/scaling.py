"""What more workers bring, up to as many as the machine has CPUs: forks and yields, which need no
kernel, and an echo server on one half of the CPUs with a generator on each of the other half."""

import os
import statistics
import subprocess

from . import progress
from .candidates import SCALING_ECHO, SCALING_TASKS, EchoCase
from .lines import run_once
from .server import MeasurementFailed, Server, load_command, run_loads
from .spread import interval_of_median
from .table import markdown_table

CASE = EchoCase("64x64", 64, 64, 1, 0)  # connections of each generator
WINDOW_MS, WARM_UP_MS = 1000, 200


def worker_counts(limit):
    """1, 2, 4 and so on, and the limit itself."""
    counts = [1]
    while counts[-1] * 2 <= limit:
        counts.append(counts[-1] * 2)
    return counts if counts[-1] == limit else [*counts, limit]


def _allowed_cpus():
    return sorted(os.sched_getaffinity(0))


def _interleaved(name, rounds, jobs):
    """Per job what it came to in each round, None where it failed; `jobs` are (key, function)."""
    samples = {key: [] for key, _ in jobs}
    failures = {}
    for number in range(rounds):
        turn = number % len(jobs)
        for key, job in jobs[turn:] + jobs[:turn]:
            progress.show(f"{name}, round {number + 1} of {rounds}", " ".join(map(str, key)))
            try:
                samples[key].append(job())
            except MeasurementFailed as failure:
                failures.setdefault(f"{key[0]} × {key[1]}", []).append(str(failure))
                samples[key].append(None)
    progress.done()
    return samples, failures


def _task_figures(maker, workers):
    figures, reason = run_once(maker(workers), set(_allowed_cpus()[:workers]))
    if reason:
        raise MeasurementFailed(reason)
    # A candidate of one thread counts its CPU time alone: it has nothing to wait for.
    return {name.removesuffix(f"_{workers}"): line.get("wall_ns_per_op", line.get("ns_per_op"))
            for name, line in figures.items()}


def _echo_window(maker, workers, generator_cpus):
    with Server(maker(workers), cpus=set(_allowed_cpus()[:workers])) as server:
        commands = [load_command(server, CASE, "--duration", WINDOW_MS, "--warm-up", WARM_UP_MS,
                                 "--server-pid", server.pid, cpu=cpu) for cpu in generator_cpus]
        reports = run_loads(commands, maker(workers).name)
    per_s = sum(report["requests_per_s"] for report in reports)
    cores = statistics.mean(report["server_cpu_ns"] / report["seconds"] for report in reports) / 1e9
    return {"requests_per_s": per_s, "cores": cores, "cpu_ns": cores * 1e9 / per_s,
            "p99_us": max(report["latency_ns"]["p99"] for report in reports) / 1e3,
            "generator_busy": max(report["generator_busy"] for report in reports)}


def _jobs(table, counts, measure):
    return [((name, workers), lambda maker=maker, workers=workers: measure(maker, workers))
            for workers in counts for name, maker in table if maker(workers).built()]


def run(rounds):
    allowed = _allowed_cpus()
    cpus, half = len(allowed), len(allowed) // 2
    generators = allowed[half:]
    tasks, task_failures = _interleaved(
        "scaling of tasks", rounds, _jobs(SCALING_TASKS, worker_counts(cpus), _task_figures))
    echo, echo_failures = _interleaved(
        "scaling of echo", rounds,
        _jobs(SCALING_ECHO, worker_counts(half),
              lambda maker, workers: _echo_window(maker, workers, generators)))
    return {"configuration": {"rounds": rounds, "cpus": cpus, "generators": len(generators),
                              "connections": len(generators) * CASE.connections},
            "not_built": [name for name, maker in (*SCALING_TASKS, *SCALING_ECHO)
                          if not maker(1).built()],
            "failures": {**task_failures, **echo_failures},
            "tasks": _plain(tasks), "echo": _plain(echo)}


def _plain(samples):
    return [{"candidate": name, "workers": workers, "samples": rounds}
            for (name, workers), rounds in samples.items()]


def _pairs(mine, other, value):
    return [value(other_one) / value(own) for own, other_one in zip(mine, other)
            if own and other_one and value(own) and value(other_one)]


def _text(ratios):
    return interval_of_median(ratios).text() if ratios else "–"


def _task_table(rows, figure):
    def value(sample):
        return sample.get(figure)

    one = {row["candidate"]: row["samples"] for row in rows if row["workers"] == 1}
    lines = []
    for row in rows:
        values = [value(sample) for sample in row["samples"] if sample and value(sample)]
        if values:
            lines.append([row["candidate"], str(row["workers"]), f"{statistics.median(values):.1f}",
                          _text(_pairs(row["samples"], one.get(row["candidate"], []), value))])
    return markdown_table(["candidate", "workers", "ns per operation", "speed-up [95 %]"], lines)


def _echo_table(rows):
    one = {row["candidate"]: row["samples"] for row in rows if row["workers"] == 1}
    lines = []
    for row in rows:
        good = [sample for sample in row["samples"] if sample]
        if not good:
            continue

        def median(name, good=good):
            return statistics.median(sample[name] for sample in good)

        more = _pairs(row["samples"], one.get(row["candidate"], []),
                      lambda sample: 1 / sample["requests_per_s"])
        lines.append([row["candidate"], str(row["workers"]), f"{median('requests_per_s') / 1e3:.0f}",
                      _text(more), f"{median('cpu_ns'):.0f}", f"{median('cores'):.2f}",
                      f"{median('p99_us'):.0f}", f"{median('generator_busy'):.2f}"])
    return markdown_table(["server", "workers", "k requests/s", "to one worker [95 %]",
                           "CPU ns/request", "cores used", "worst p99 µs", "busiest generator"],
                          lines)


def tables(result):
    """Markdown: a table per figure of tasks, then the servers'."""
    rows = result["tasks"]
    names = dict.fromkeys(name for row in rows for sample in row["samples"] if sample
                          for name, value in sample.items() if value)
    for name in names:
        yield f"### {name}\n\n" + _task_table(rows, name)
    yield "### echo, 64 bytes\n\n" + _echo_table(result["echo"])
    for name, reasons in result["failures"].items():
        yield f"{name} failed in {len(reasons)} rounds: {reasons[0]}\n"
