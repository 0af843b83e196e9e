"""The one table of what is measured. A candidate whose program does not exist is reported as not
built; it never drops out silently."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from .paths import CARGO, DATA_FILE, GO, PEERS, PROGRAMS


@dataclass(frozen=True)
class Candidate:
    name: str
    command: tuple            # argument vector; the first one is the program
    family: str               # whose raw loop it is compared with: epoll, uring, or best of both
    environment: dict = field(default_factory=dict, hash=False)
    emulated: bool = True     # can be run under valgrind
    cpus: int = 1             # that it may use
    needs: str = ""           # a program of the machine's that it runs
    one_worker: str = ""      # echo: the candidate that this one has more workers than

    def built(self):
        return Path(self.command[0]).is_file() and (not self.needs or
                                                    shutil.which(self.needs) is not None)

    def full_environment(self):
        return {**os.environ, **self.environment}


def _native(name, program, family, *arguments, **more):
    return Candidate(name, (str(PROGRAMS / program), *arguments), family, **more)


def _threads(name, program, family, threads, **more):
    return _native(name, program, family, "--threads", str(threads), cpus=threads, **more)


def _workers(name, program, family, scheduler, workers, *arguments, **more):
    return _native(name, program, family, "--scheduler", scheduler, "--workers", str(workers),
                   *arguments, **{"cpus": workers, **more})


def _servers(name, scheduler, workers):
    # Over epoll, so that instructions are counted too: under valgrind a thread that sleeps in
    # io_uring_enter lets no other one run.
    return _workers(name, "rota_echo", "epoll", scheduler, workers, "--driver", "epoll",
                    one_worker="Rota epoll")


def _tokio(name, program, family, *arguments, **more):
    return Candidate(name, (str(CARGO / "release" / program), *arguments), family, **more)


def _go(name, program, family, *arguments, threads=1):
    # Valgrind does not know Go's way of switching stacks.
    return Candidate(name, (str(GO / program), *arguments), family, {"GOMAXPROCS": str(threads)},
                     emulated=False, cpus=threads)


def _fio(engine, *options):
    return Candidate(f"fio, {engine}", (str(PEERS / "fio" / "fio_reads.py"), str(DATA_FILE), engine,
                                        *options), "peer", emulated=False, needs="fio")


# The raw loop of each family: the limit. `best` is compared with whichever was cheaper.
ECHO_LIMITS = {"epoll": "raw epoll", "uring": "raw io_uring"}

ECHO = (
    _native("raw epoll", "raw_echo_epoll", "epoll"),
    _native("raw io_uring", "raw_echo_uring", "uring"),
    _native("raw epoll, budget", "raw_echo_epoll", "epoll", str(512 * 1024)),
    _native("Rota (default)", "rota_echo", "best"),
    _native("Rota epoll", "rota_echo", "epoll", "--driver", "epoll"),
    _native("Rota io_uring", "rota_echo", "uring", "--driver", "uring"),
    _native("Rota, leases", "rota_echo", "best", "--leases"),
    _native("Rota, ahead", "rota_echo", "best", "--ahead"),
    _native("Rota epoll, leases", "rota_echo", "epoll", "--leases", "--driver", "epoll"),
    _native("Rota poll", "rota_echo", "epoll", "--driver", "poll"),
    _native("Rota select", "rota_echo", "epoll", "--driver", "select"),
    *(_servers(f"Rota {scheduler}, {title}", scheduler, workers)
      for scheduler in ("per-core", "stealing")
      for workers, title in ((1, "1 worker"), (2, "2 workers"))),
    _native("Asio coroutines", "asio_echo_coroutines", "epoll"),
    _native("Asio callbacks", "asio_echo_callbacks", "epoll"),
    _native("libuv", "uv_echo", "epoll"),
    _tokio("tokio", "tokio_echo", "epoll"),
    _go("Go", "go_echo", "epoll"),
)


@dataclass(frozen=True)
class EchoCase:
    name: str
    message_bytes: int
    connections: int
    depth: int
    counted_requests: int  # for the passes that count instead of measuring
    reconnects: bool = False  # a new connection for each message, whose cost is in the figure

    def title(self):
        if self.reconnects:
            return (f"{self.message_bytes} B, a new connection for each,"
                    f" {self.connections} at a time")
        return f"{self.message_bytes} B × {self.connections} connections × depth {self.depth}"


ECHO_CASES = (
    EchoCase("64x64", 64, 64, 1, 6400),
    EchoCase("64x64x16", 64, 64, 16, 64 * 16 * 40),
    EchoCase("4096x64", 4096, 64, 1, 6400),
    EchoCase("64x1000", 64, 1000, 1, 10000),
    EchoCase("65536x64", 65536, 64, 1, 3200),
    EchoCase("65536x64x16", 65536, 64, 16, 64 * 16 * 2),
    EchoCase("connect", 64, 64, 1, 6400, reconnects=True),
)
# What runs when no case is named; the others are for campaigns.
ECHO_DEFAULT_CASES = ("64x64", "64x64x16", "4096x64")


@dataclass(frozen=True)
class Reference:
    """What a figure is divided by: the same or another one of some candidate."""
    candidate: str
    figure: str


@dataclass(frozen=True)
class Figure:
    """One line that programs print, and a table of those that do."""
    name: str
    question: str
    references: tuple
    cpus: int | None = None  # a table of those that may use so many, where all print the figure


@dataclass(frozen=True)
class LineSuite:
    name: str
    candidates: tuple
    figures: tuple


def _tasks(figure, question, *limits):
    """A table for one thread and one for two, each beside tokio with as many."""
    return (Figure(figure, f"{question}, one thread",
                   (*limits, Reference("tokio, 1 thread", figure)), cpus=1),
            Figure(figure, f"{question}, two threads",
                   (Reference("tokio, 2 workers", figure),), cpus=2))


TASKS = LineSuite("tasks", (
    _native("raw coroutine", "raw_coroutine", "limit"),
    _native("Rota", "rota_tasks", "rota"),
    _native("Rota, no bracket", "rota_tasks_bracketless", "rota"),
    _workers("Rota stealing, 1 worker", "rota_tasks", "rota", "stealing", 1),
    _workers("Rota stealing, 2 workers", "rota_tasks", "rota", "stealing", 2),
    _tokio("tokio, 1 thread", "tokio_tasks", "peer"),
    _tokio("tokio, 2 workers", "tokio_tasks", "peer", "--threads", "2", cpus=2),
    _go("Go, 1 thread", "go_tasks", "peer"),
    _go("Go, 2 threads", "go_tasks", "peer", threads=2),
    _threads("oneTBB, 1 thread", "tbb_tasks", "peer", 1),
    _threads("oneTBB, 2 threads", "tbb_tasks", "peer", 2),
    _threads("Boost.Fiber, 1 thread", "fiber_tasks", "peer", 1),
    _threads("Boost.Fiber, 2 threads", "fiber_tasks", "peer", 2),
    _threads("Asio, 1 thread", "asio_tasks", "peer", 1),
    _threads("Asio, 2 threads", "asio_tasks", "peer", 2),
), (
    Figure("resume_suspend", "resume a coroutine that suspends",
           (Reference("raw coroutine", "resume_suspend"),)),
    Figure("symmetric_transfer_2", "one coroutine to the other",
           (Reference("raw coroutine", "symmetric_transfer_2"),)),
    *_tasks("spawn_join", "spawn an empty task and join it",
            Reference("raw coroutine", "spawn_join")),
    *_tasks("yield_1000", "yield, 1000 tasks in turn",
            Reference("raw coroutine", "symmetric_transfer_2"),
            Reference("Rota, no bracket", "yield_1000")),
    *_tasks("channel_ping_pong", "one message over a channel of capacity 1"),
    *_tasks("mutex", "lock a mutex, count, unlock; as many tasks as threads"),
))


# Each program has both placements, and so both CPUs, whatever its threads.
WAKES = LineSuite("wakes", (
    _native("raw futex", "raw_wakes", "limit", "futex", cpus=2),
    _native("raw eventfd", "raw_wakes", "limit", "eventfd", cpus=2),
    _native("condition variable", "raw_wakes", "limit", "condition", cpus=2),
    *(_workers(f"Rota {scheduler} {workers}, {title}", "rota_wakes", "rota", scheduler, workers,
               "--driver", driver, cpus=2)
      for scheduler, workers, drivers in (
          ("per-core", 1, (("epoll", "epoll"), ("io_uring", "uring"))),
          ("stealing", 1, (("epoll", "epoll"), ("io_uring", "uring-movable"))),
          ("stealing", 2, (("epoll", "epoll"), ("io_uring", "uring-movable"))))
      for title, driver in drivers),
    _workers("Rota per-core 1, io_uring, messages", "rota_wakes", "rota", "per-core", 1, "--driver",
             "uring", "--wakes", "message", cpus=2),
    _tokio("tokio, 1 thread", "tokio_wakes", "peer", cpus=2),
    _tokio("tokio, 2 workers", "tokio_wakes", "peer", "--threads", "2", cpus=2),
    _native("Asio, 1 thread", "asio_wakes", "peer", "--threads", "1", cpus=2),
    _native("Asio, 2 threads", "asio_wakes", "peer", "--threads", "2", cpus=2),
    _go("Go, 2 threads", "go_wakes", "peer", threads=2),
), tuple(
    Figure(figure, f"from hand-over to first instruction, by a thread on {where}",
           (Reference("raw futex", figure),))
    for figure, where in (("wake_same_cpu", "the worker's CPU"), ("wake_other_cpu", "another CPU"))
))

TIMERS = LineSuite("timers", (
    _native("raw wheel", "raw_wheel", "limit"),
    _native("Rota", "rota_timers", "rota"),
    _native("libuv", "uv_timers", "peer"),
    _native("Asio", "asio_timers", "peer"),
    _tokio("tokio", "tokio_timers", "peer"),
    _go("Go", "go_tasks", "peer", "timers"),
), (
    Figure("timer_insert", "insert a timer, up to 1,000,000 live",
           (Reference("raw wheel", "timer_insert"),)),
    Figure("timer_cancel", "cancel them in random order",
           (Reference("raw wheel", "timer_cancel"),)),
))

FILES = LineSuite("files", (
    _native("raw io_uring", "raw_read_uring", "limit", str(DATA_FILE)),
    _native("raw io_uring, plain", "raw_read_uring", "limit", str(DATA_FILE), "--plain"),
    _native("Rota io_uring", "rota_files", "rota", str(DATA_FILE), "--driver", "uring"),
    _native("Rota io_uring, plain", "rota_files", "rota", str(DATA_FILE), "--plain", "--driver",
            "uring"),
    _native("Rota epoll, pool", "rota_files", "rota", str(DATA_FILE), "--driver", "epoll"),
    _fio("io_uring"),
    _native("libuv", "uv_files", "peer", str(DATA_FILE)),
    _tokio("tokio", "tokio_files", "peer", str(DATA_FILE)),
    _go("Go", "go_files", "peer", str(DATA_FILE)),
), tuple(
    Figure(f"read_qd{depth}", f"random warm 4 KiB reads, {depth} outstanding",
           tuple(Reference(name, f"read_qd{depth}")
                 for name in ("raw io_uring", "fio, io_uring")))
    for depth in (1, 32, 128)
))


def _direct(name, driver, files):
    return _native(name, "rota_files", "rota", str(DATA_FILE), "--direct", "--driver", driver,
                   "--files", files)


DIRECT = LineSuite("direct", (
    _native("raw io_uring", "raw_read_uring", "limit", str(DATA_FILE), "--direct"),
    _fio("io_uring", "--direct"),
    _fio("libaio", "--direct"),
    _fio("posixaio", "--direct"),
    _direct("Rota io_uring", "uring", "best"),
    _direct("Rota epoll, io_uring", "epoll", "uring"),
    _direct("Rota epoll, Linux aio", "epoll", "linux-aio"),
    _direct("Rota linux_aio", "linux-aio", "best"),
    _direct("Rota epoll, POSIX aio", "epoll", "posix-aio"),
    _direct("Rota epoll, pool", "epoll", "pool"),
), tuple(
    Figure(f"direct_qd{depth}", f"random 4 KiB reads past the page cache, {depth} outstanding",
           tuple(Reference(name, f"direct_qd{depth}")
                 for name in ("raw io_uring", "fio, io_uring", "fio, libaio", "fio, posixaio")))
    for depth in (1, 32, 128)
))

# The figure of a candidate with N threads is NAME_N.
FORKS = LineSuite("forks", (
    _threads("plain calls", "raw_forks", "forks", 1),
    _threads("oneTBB, 1 thread", "tbb_forks", "forks", 1),
    _threads("oneTBB, 2 threads", "tbb_forks", "forks", 2),
    _threads("Rota, 1 worker", "rota_forks", "forks", 1),
    _threads("Rota, 2 workers", "rota_forks", "forks", 2),
), tuple(
    figure
    for work, question in (("fib", "fib(37), per fork"),
                           ("skynet", "skynet of 10^6 leaves, per fork"),
                           ("queens", "13 queens, per board"))
    for figure in (
        Figure(f"{work}_1", f"{question}, one thread",
               (Reference("oneTBB, 1 thread", f"{work}_1"),)),
        Figure(f"{work}_2", f"{question}, two threads",
               (Reference("oneTBB, 2 threads", f"{work}_2"),
                Reference("Rota, 1 worker", f"{work}_1"))),
    )
))

LINE_SUITES = {suite.name: suite for suite in (TASKS, WAKES, FORKS, FILES, DIRECT, TIMERS)}

# Makers of candidates by their number of workers. Yields and locks are `tasks`, forks are `forks`;
# a maker's programs print each figure once.
SCALING_TASKS = (
    ("Rota forks", lambda workers: _threads("Rota forks", "rota_forks", "rota", workers)),
    ("oneTBB forks", lambda workers: _threads("oneTBB forks", "tbb_forks", "peer", workers)),
    ("Rota", lambda workers: _workers("Rota", "rota_tasks", "rota", "stealing", workers)),
    ("tokio", lambda workers: _tokio("tokio", "tokio_tasks", "peer", "--threads", str(workers))),
    ("Go", lambda workers: _go("Go", "go_tasks", "peer", threads=workers)),
)
SCALING_ECHO = (
    *((f"Rota {scheduler}, {driver}",
       lambda workers, scheduler=scheduler, driver=driver: _workers(
           f"Rota {scheduler}, {driver}", "rota_echo", "rota", scheduler, workers,
           "--driver", driver))
      for scheduler, driver in (("per-core", "epoll"), ("per-core", "uring"),
                                ("stealing", "epoll"), ("stealing", "uring-movable"))),
    ("tokio", lambda workers: _tokio("tokio", "tokio_echo", "peer", "--threads", str(workers))),
    ("Go", lambda workers: _go("Go", "go_echo", "peer", threads=workers)),
)
