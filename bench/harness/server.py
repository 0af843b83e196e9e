"""Servers under test: starting, loading and ending them."""

import json
import os
import re
import subprocess

from .paths import LOAD

SERVER_CPU = 0
GENERATOR_CPU = 1
PATIENCE_S = 20     # for a server to end; valgrind takes a few seconds


class MeasurementFailed(Exception):
    pass


def cpus_of(candidate):
    """Where it may run. A server with two shares one of them with the generator."""
    return {SERVER_CPU, GENERATOR_CPU} if candidate.cpus > 1 else {SERVER_CPU}


class Server:
    """A candidate that listens. It ends when its stdin is closed, so it cannot be left behind."""

    def __init__(self, candidate, wrapper=(), cpus=None):
        self._name = candidate.name
        self._process = subprocess.Popen(
            [*wrapper, *candidate.command], env=candidate.full_environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cpus or cpus_of(candidate)))
        line = self._process.stdout.readline()
        found = re.fullmatch(r"port (\d+)\n", line)
        if not found:
            _, errors = self._process.communicate(timeout=PATIENCE_S)
            raise MeasurementFailed(f"{self._name} did not start: {line}{errors.strip()}")
        self.port = int(found.group(1))
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends the server and returns what it wrote to stderr."""
        if self._process.stderr.closed:
            return ""
        self._process.stdin.close()
        self._process.stdin = None  # communicate would flush it
        try:
            _, errors = self._process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            _, errors = self._process.communicate()
        return errors


def load_command(server, case, *options, cpu=GENERATOR_CPU):
    lifetime = ["--reconnect"] if case.reconnects else []
    return [str(LOAD), "--port", str(server.port), "--connections", str(case.connections),
            "--size", str(case.message_bytes), "--depth", str(case.depth),
            "--pin", str(cpu), *lifetime, *map(str, options)]


def run_load(command, name):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MeasurementFailed(f"{name}: load failed: {done.stderr.strip()} {done.stdout.strip()}")
    return json.loads(done.stdout)


def run_loads(commands, name):
    """Several generators side by side. Their windows begin within milliseconds of each other."""
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for command in commands]
    outcomes = [(process, *process.communicate()) for process in running]
    for process, output, errors in outcomes:
        if process.returncode != 0:
            raise MeasurementFailed(f"{name}: load failed: {errors.strip()} {output.strip()}")
    return [json.loads(output) for _, output, _ in outcomes]


def measure_window(candidate, case, window):
    """One fresh server, one window: the generator's report."""
    with Server(candidate) as server:
        return run_load(load_command(server, case, "--duration", window.duration_ms,
                                     "--warm-up", window.warm_up_ms,
                                     "--server-pid", server.pid), candidate.name)
