"""Benchmarks whose programs measure themselves and print one line of JSON per figure: tasks,
timers, files, forks. The harness repeats and interleaves whole programs."""

import json
import os
import statistics
import subprocess

from . import progress
from .candidates import LINE_SUITES
from .paths import DATA_FILE
from .server import GENERATOR_CPU, SERVER_CPU
from .spread import interval_of_median
from .table import markdown_table

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


def _run_once(candidate):
    """Figures by name, or the reason why there are none."""
    cpus = (SERVER_CPU, GENERATOR_CPU)[:candidate.cpus]
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
            figures, reason = _run_once(candidate)
            samples[candidate.name].append(figures or {})
            if reason:
                failures.setdefault(candidate.name, []).append(reason)
    progress.done()
    return samples, failures


def _summarise(figure, name, samples):
    lines = [figures[figure.name] for figures in samples[name] if figure.name in figures]
    if not lines:
        return None
    summary = {"ns_per_op": statistics.median(line["ns_per_op"] for line in lines),
               "rounds": len(lines)}
    if all("wall_ns_per_op" in line for line in lines):
        summary["wall_ns_per_op"] = statistics.median(line["wall_ns_per_op"] for line in lines)
    for measure, ratio in (("ns_per_op", "cpu_ratio"), ("wall_ns_per_op", "wall_ratio")):
        ratios = _ratios(figure, measure, samples[name], samples.get(figure.reference, []))
        if ratios:
            interval = interval_of_median(ratios)
            summary[ratio] = {**interval.as_json(), "text": interval.text()}
    return summary


def _ratios(figure, measure, mine, reference):
    """One per round in which both have the figure."""
    pairs = ((own.get(figure.name, {}), other.get(figure.reference_figure, {}))
             for own, other in zip(mine, reference))
    return [own[measure] / other[measure] for own, other in pairs
            if measure in own and measure in other]


def run(suite_name, rounds):
    suite = LINE_SUITES[suite_name]
    if suite_name == "files":
        prepare_data_file()
    built = [candidate for candidate in suite.candidates if candidate.built()]
    samples, failures = run_rounds(built, rounds, suite_name)
    figures = []
    for figure in suite.figures:
        rows = {candidate.name: _summarise(figure, candidate.name, samples)
                for candidate in built}
        figures.append({"name": figure.name, "question": figure.question,
                        "reference": f"{figure.reference}: {figure.reference_figure}",
                        "candidates": {name: row for name, row in rows.items() if row}})
    return {"configuration": {"rounds": rounds, "cpu": SERVER_CPU},
            "not_built": [item.name for item in suite.candidates if not item.built()],
            "failures": failures, "figures": figures, "samples": samples}


def _text(row, ratio):
    return row[ratio]["text"] if ratio in row else "–"


def tables(result):
    """Markdown, one table per figure."""
    for figure in result["figures"]:
        rows = []
        for name, row in figure["candidates"].items():
            cells = [name, f"{row['ns_per_op']:.1f}", _text(row, "cpu_ratio")]
            if "wall_ns_per_op" in row:
                cells += [f"{row['wall_ns_per_op']:.1f}", _text(row, "wall_ratio")]
            rows.append(cells)
        header = ["candidate", "CPU ns/op", f"to {figure['reference']} [95 %]"]
        if any(len(cells) > len(header) for cells in rows):
            header += ["wall ns/op", "wall, to the same [95 %]"]
        rows = [cells + ["–"] * (len(header) - len(cells)) for cells in rows]
        yield f"### {figure['question']} (`{figure['name']}`)\n\n" + markdown_table(header, rows)
    for name, reasons in result["failures"].items():
        yield f"{name} failed in {len(reasons)} rounds: {reasons[0]}\n"
