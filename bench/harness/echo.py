"""The echo benchmark: server CPU per request beside the raw loop of the same family."""

import statistics
from dataclasses import dataclass

from . import counting, progress
from .candidates import ECHO, ECHO_CASES, ECHO_LIMITS
from .server import MeasurementFailed, measure_window
from .spread import interval_of_median
from .table import markdown_table

GENERATOR_BOUND = 0.95  # from this busy share on, the generator and not the server was the limit
DISTURBED = 0.10        # share of the window that the server waited for its core


HEADER = ["server", "k requests/s", "CPU ns/request", "CPU / raw loop [95 %]",
          "CPU / one worker [95 %]", "system calls/op", "user instructions/op", "allocations/op",
          "p50 µs", "p99 µs", "notes"]


@dataclass(frozen=True)
class Window:
    duration_ms: int
    warm_up_ms: int


FULL = Window(1000, 200)
QUICK = Window(300, 100)


def _sample(report):
    window_ns = report["seconds"] * 1e9
    return {
        "cpu_ns_per_request": report["server_cpu_ns"] / report["requests"],
        "requests_per_s": report["requests_per_s"],
        "p50_ns": report["latency_ns"]["p50"],
        "p99_ns": report["latency_ns"]["p99"],
        "generator_busy": report["generator_busy"],
        "server_busy": report["server_cpu_ns"] / window_ns,
        "disturbed": report["server_wait_ns"] / window_ns > DISTURBED,
    }


def run_rounds(case, candidates, rounds, window):
    """Per candidate a list of samples, one per round, None where the round failed. The order
    rotates, so that no candidate always follows the same one or always comes first."""
    samples = {candidate.name: [] for candidate in candidates}
    failures = {}
    for number in range(rounds):
        turn = number % len(candidates)
        for candidate in candidates[turn:] + candidates[:turn]:
            progress.show(f"{case.name}, round {number + 1} of {rounds}", candidate.name)
            try:
                sample = _sample(measure_window(candidate, case, window))
            except MeasurementFailed as failure:
                failures.setdefault(candidate.name, []).append(str(failure))
                sample = None
            samples[candidate.name].append(sample)
    progress.done()
    return samples, failures


def _limit_cpu(family, samples, number):
    """CPU per request of the raw loop that a family is compared with, in one round."""
    names = ECHO_LIMITS.values() if family == "best" else [ECHO_LIMITS[family]]
    rounds = [samples[name][number] for name in names if name in samples]
    costs = [sample["cpu_ns_per_request"] for sample in rounds if sample]
    return min(costs) if len(costs) == len(list(names)) else None


def _ratios(candidate, samples):
    ratios = []
    for number, sample in enumerate(samples[candidate.name]):
        limit = _limit_cpu(candidate.family, samples, number)
        if sample and limit:
            ratios.append(sample["cpu_ns_per_request"] / limit)
    return ratios


def _ratios_to_one(candidate, samples):
    pairs = zip(samples[candidate.name], samples.get(candidate.one_worker, []))
    return [own["cpu_ns_per_request"] / one["cpu_ns_per_request"] for own, one in pairs
            if own and one]


def summarise(candidate, samples):
    good = [sample for sample in samples[candidate.name] if sample]
    if not good:
        return None
    summary = {name: statistics.median(sample[name] for sample in good)
               for name in good[0] if name != "disturbed"}
    summary["rounds"] = len(good)
    summary["disturbed_rounds"] = sum(sample["disturbed"] for sample in good)
    summary["generator_bound"] = summary["generator_busy"] >= GENERATOR_BOUND
    for name, ratios in (("cpu_ratio", _ratios(candidate, samples)),
                         ("one_worker_ratio", _ratios_to_one(candidate, samples))):
        if ratios:
            interval = interval_of_median(ratios)
            summary[name] = {**interval.as_json(), "text": interval.text()}
    return summary


def run_case(case, candidates, rounds, window, count):
    samples, failures = run_rounds(case, candidates, rounds, window)
    results = []
    for candidate in candidates:
        result = {"name": candidate.name, "family": candidate.family, "cpus": candidate.cpus,
                  "summary": summarise(candidate, samples),
                  "samples": samples[candidate.name],
                  "failures": failures.get(candidate.name, [])}
        if count:
            progress.show(f"{case.name}, counting", candidate.name)
            result["counts"], result["not_counted"] = counting.count_all(candidate, case)
        results.append(result)
    progress.done()
    return {"case": case.name, "title": case.title(), "message_bytes": case.message_bytes,
            "connections": case.connections, "depth": case.depth, "candidates": results}


def _asked(names):
    """All, or those that are named and the raw loops that they are compared with."""
    if not names:
        return list(ECHO)
    return [each for each in ECHO if each.name in names or each.name in ECHO_LIMITS.values()]


def run(rounds, quick, case_names, candidate_names, count):
    asked = _asked(candidate_names)
    built = [candidate for candidate in asked if candidate.built()]
    cases = [case for case in ECHO_CASES if case.name in case_names]
    window = QUICK if quick else FULL
    return {
        "configuration": {"rounds": rounds, "window_ms": window.duration_ms,
                          "warm_up_ms": window.warm_up_ms, "server_cpu": 0, "generator_cpu": 1,
                          "system_calls_by": counting.system_call_method() if count else None},
        "not_built": [candidate.name for candidate in asked if not candidate.built()],
        "cases": [run_case(case, built, rounds, window, count) for case in cases],
    }


def _notes(result):
    summary = result["summary"]
    if summary["generator_bound"]:
        yield "generator-bound"
    if result["cpus"] > 1:
        yield "shares the generator's core"
    elif summary["disturbed_rounds"]:
        yield f"{summary['disturbed_rounds']} of {summary['rounds']} rounds disturbed"
    if result["failures"]:
        yield f"{len(result['failures'])} rounds failed"


def _row(result):
    summary, counts = result["summary"], result.get("counts", {})

    def counted(name, digits):
        return f"{counts[name]:.{digits}f}" if name in counts else "–"

    def ratio(name):
        return summary[name]["text"] if name in summary else "–"

    if summary is None:
        return [result["name"], "failed"] + ["–"] * (len(HEADER) - 2)
    return [result["name"], f"{summary['requests_per_s'] / 1000:.1f}",
            f"{summary['cpu_ns_per_request']:.0f}", ratio("cpu_ratio"), ratio("one_worker_ratio"),
            counted("system_calls", 3), counted("instructions", 0), counted("allocations", 3),
            f"{summary['p50_ns'] / 1000:.0f}", f"{summary['p99_ns'] / 1000:.0f}",
            ", ".join(_notes(result))]


def tables(result):
    """Markdown, one table per case."""
    for case in result["cases"]:
        yield f"### {case['title']}\n\n" + markdown_table(HEADER, map(_row, case["candidates"]))
