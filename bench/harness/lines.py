"""Benchmarks whose programs measure themselves and print one line of JSON per figure: tasks, wakes,
forks, timers, files. The harness repeats and interleaves whole programs."""

import json
import os
import statistics
import subprocess

from . import progress
from .candidates import LINE_SUITES
from .paths import DATA_FILE
from .server import SERVER_CPU, cpus_of
from .spread import interval_of_median
from .table import markdown_table

# What a line may tell, and the heads of the columns.
MEASURES = {"ns_per_op": "CPU ns/op", "wall_ns_per_op": "wall ns/op",
            "p50_ns": "p50 ns", "p99_ns": "p99 ns"}

DATA_BYTES = 256 * 1024 * 1024
DATA_CHUNK_BYTES = 4 * 1024 * 1024


def prepare_data_file():
    """The file that the file benchmark reads: real bytes, since a hole would never reach a disk."""
    if DATA_FILE.is_file() and DATA_FILE.stat().st_size == DATA_BYTES:
        return
    DATA_FILE.parent.mkdir(parents=True, exist_ok=True)
    with open(DATA_FILE, "wb") as file:
        for _ in range(DATA_BYTES // DATA_CHUNK_BYTES):
            file.write(os.urandom(DATA_CHUNK_BYTES))


def run_once(candidate, cpus=None):
    """Figures by name, or the reason why there are none."""
    cpus = cpus or cpus_of(candidate)
    done = subprocess.run(candidate.command, env=candidate.full_environment(),
                          capture_output=True, text=True, check=False,
                          preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    if done.returncode != 0:
        return None, f"exit status {done.returncode}: {done.stderr.strip()[-300:]}"
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {line["name"]: line for line in lines}, None


def run_rounds(candidates, rounds, name):
    samples = {candidate.name: [] for candidate in candidates}
    failures = {}
    for number in range(rounds):
        turn = number % len(candidates)
        for candidate in candidates[turn:] + candidates[:turn]:
            progress.show(f"{name}, round {number + 1} of {rounds}", candidate.name)
            figures, reason = run_once(candidate)
            samples[candidate.name].append(figures or {})
            if reason:
                failures.setdefault(candidate.name, []).append(reason)
    progress.done()
    return samples, failures


def _ratios(figure, measure, mine, reference, samples):
    """The interval of the ratios to a reference, one per round in which both have the measure."""
    pairs = ((own.get(figure.name, {}), other.get(reference.figure, {}))
             for own, other in zip(mine, samples.get(reference.candidate, [])))
    ratios = [own[measure] / other[measure] for own, other in pairs
              if measure in own and measure in other]
    if not ratios:
        return None
    interval = interval_of_median(ratios)
    return {**interval.as_json(), "text": interval.text()}


def _summarise(figure, name, samples):
    lines = [figures[figure.name] for figures in samples[name] if figure.name in figures]
    summary = {"rounds": len(lines)}
    for measure in MEASURES:
        values = [line[measure] for line in lines if measure in line]
        if values:
            summary[measure] = {
                "median": statistics.median(values),
                "ratios": [_ratios(figure, measure, samples[name], reference, samples)
                           for reference in figure.references]}
    return summary if lines else None


def _head(figure, reference):
    if reference.figure == figure.name:
        return reference.candidate
    return f"{reference.candidate}: {reference.figure}"


def run(suite_name, rounds):
    suite = LINE_SUITES[suite_name]
    if suite_name in ("files", "direct"):
        prepare_data_file()
    built = [candidate for candidate in suite.candidates if candidate.built()]
    samples, failures = run_rounds(built, rounds, suite_name)
    figures = []
    for figure in suite.figures:
        rows = {candidate.name: _summarise(figure, candidate.name, samples)
                for candidate in built if figure.cpus in (None, candidate.cpus)}
        figures.append({"name": figure.name, "question": figure.question,
                        "references": [_head(figure, reference)
                                       for reference in figure.references],
                        "candidates": {name: row for name, row in rows.items() if row}})
    return {"configuration": {"rounds": rounds, "cpu": SERVER_CPU},
            "not_built": [item.name for item in suite.candidates if not item.built()],
            "failures": failures, "figures": figures, "samples": samples}


def _cells(measure, row, references):
    """The median and its ratios, or as many dashes."""
    if measure not in row:
        return ["–"] * (1 + len(references))
    ratios = row[measure]["ratios"]
    return [f"{row[measure]['median']:.1f}", *(ratio["text"] if ratio else "–" for ratio in ratios)]


def _table(figure):
    rows, references = figure["candidates"], figure["references"]
    header, lines = ["candidate"], [[name] for name in rows]
    for measure, head in MEASURES.items():
        if not any(measure in row for row in rows.values()):
            continue
        header += [head, *(f"to {reference} [95 %]" for reference in references)]
        for line, row in zip(lines, rows.values()):
            line += _cells(measure, row, references)
    return markdown_table(header, lines)


def tables(result):
    """Markdown, one table per figure."""
    for figure in result["figures"]:
        yield f"### {figure['question']} (`{figure['name']}`)\n\n" + _table(figure)
    for name, reasons in result["failures"].items():
        yield f"{name} failed in {len(reasons)} rounds: {reasons[0]}\n"
