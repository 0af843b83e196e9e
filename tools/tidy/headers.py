"""Public headers: each stands alone, includes the standard library only, and is cheap."""

import os
import re
import shutil
import statistics
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tree import finding

REFERENCE = "clang++-19"
# Checked where it is installed, with the headers that include all others: its standard library is
# the same one, so what a header lacks the reference finds.
SECOND = "g++-12"
UMBRELLAS = {"rota/rota.hpp", "rota/model/explorer.hpp"}

# Headers of the standard library that cost too much, or that say what the runtime does itself.
FORBIDDEN = {"iostream", "thread", "functional", "stop_token"}
# Not among those that rota.hpp includes, and about that very header.
BRIDGES = {"include/rota/stop_bridge.hpp": "stop_token"}
PLAIN_C = {"errno.h", "fcntl.h", "netdb.h", "poll.h", "pthread.h", "sched.h", "signal.h",
           "stddef.h", "stdint.h", "stdlib.h", "string.h", "time.h", "ucontext.h", "unistd.h"}
SYSTEM_FOLDERS = {"sys", "netinet", "arpa", "linux"}

# task.hpp may take 0.5 s to include and rota.hpp 1.0 s, on a machine where <coroutine> takes
# 0.065 s (clang 19, libstdc++ 12). task.hpp does better and is held to what it reached; in
# rota.hpp, <system_error> alone is 5 to 8 times <coroutine>, and std::error_code is part of the
# interface. The ratio holds on a slower machine too.
COST_LIMITS = {"rota/task.hpp": 4.2, "rota/rota.hpp": 15.4}
COST_ROUNDS = 9


# The folders that a user of the library has on the include path, and a user of the model checker.
# What only a model reads may be dear.
LIBRARY = (Path("include"),)
MODEL = (Path("model/shim"), Path("model/include"), *LIBRARY)


MARK = Path("include/rota/core/build_mark.hpp")
UNMARKED = {"result", "version", "owned_fd"}  # below it, and nothing of theirs is in the library


def include_folder(path):
    return next((folder for folder in MODEL if path.is_relative_to(folder)), None)


def public_headers(tree):
    return [p for p in tree.files({".hpp", ".h"}, under=("include", "model")) if include_folder(p)]


def is_standard(name):
    if "/" in name:
        return name.split("/")[0] in SYSTEM_FOLDERS
    return name in PLAIN_C or "." not in name


def headers_include_no_third_party(tree):
    for path in public_headers(tree):
        for line, _, name in tree.includes(path):
            if BRIDGES.get(path.as_posix()) == name:
                continue
            if name in FORBIDDEN and include_folder(path) in LIBRARY:
                yield finding(path, line, f"a public header includes <{name}>: it is dear to "
                                          "include; declare what you need or move it to src/")
            elif not name.startswith("rota/") and not is_standard(name):
                yield finding(path, line, f"a public header includes {name}: third-party and "
                                          "private headers belong in src/")


def reached_by(tree, header):
    """The headers of the library that one includes, at any depth, with itself."""
    seen, left = set(), [header]
    while left:
        if (path := left.pop()) in seen:
            continue
        seen.add(path)
        inner = (Path("include", name) for _, _, name in tree.includes(path))
        left.extend(p for p in inner if tree.exists(p))
    return seen


def headers_carry_the_mark(tree):
    if not tree.exists(MARK):
        return
    for path in tree.files({".hpp"}, under=("include",)):
        if path.parent == MARK.parent.parent and path.stem not in UNMARKED:
            if MARK not in reached_by(tree, path):
                yield finding(path, 1, f"does not reach {MARK}: a program that includes this alone "
                                       "would link a library of another build")


def compile_command(compiler, root, source, folders=LIBRARY):
    path = [f"-I{root / folder}" for folder in folders]
    return [compiler, "-std=c++23", "-fsyntax-only", *path, str(source)]


def source_of(folder, name, include):
    path = Path(folder, name)
    path.write_text(f"#include <{include}>\n")
    return path


def first_error(output):
    return next((line for line in output.splitlines() if "error:" in line), "it does not compile")


def headers_stand_alone(tree):
    if shutil.which(REFERENCE) is None:
        yield finding("include", 1, f"{REFERENCE} is not installed: tools/bootstrap.sh does it")
        return
    compilers = [REFERENCE] + ([SECOND] if shutil.which(SECOND) else [])

    def is_checked(path, compiler):
        name = path.relative_to(include_folder(path)).as_posix()
        return compiler == REFERENCE or name in UMBRELLAS

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        def attempt(job):
            number, (path, compiler) = job
            home = include_folder(path)
            source = source_of(folder, f"{number}.cpp", path.relative_to(home).as_posix())
            folders = LIBRARY if home in LIBRARY else MODEL
            result = subprocess.run(compile_command(compiler, tree.root, source, folders),
                                    capture_output=True, text=True)
            return path, compiler, result
        pairs = ((p, c) for p in public_headers(tree) for c in compilers)
        jobs = enumerate(pair for pair in pairs if is_checked(*pair))
        for path, compiler, result in pool.map(attempt, jobs):
            if result.returncode != 0:
                where = re.sub(r"^.*?error: ", "", first_error(result.stderr))
                yield finding(path, 1, f"does not compile alone under {compiler}: {where}; "
                                       "include what it uses")


def cpu_seconds(command):
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def headers_are_cheap(tree):
    present = [name for name in COST_LIMITS if tree.exists(Path("include", name))]
    if not present or shutil.which(REFERENCE) is None:
        return  # headers_stand_alone speaks of a missing compiler
    names = ["coroutine", *present]
    with tempfile.TemporaryDirectory() as folder:
        sources = {n: source_of(folder, f"{i}.cpp", n) for i, n in enumerate(names)}
        seconds = {n: [] for n in names}
        for _ in range(COST_ROUNDS):  # interleaved, so that a slow phase of the machine hits all
            for name in names:
                command = compile_command(REFERENCE, tree.root, sources[name])
                seconds[name].append(cpu_seconds(command))
    for name in present:
        # Of what was compiled one after the other: the machine is faster and slower by turns.
        ratio = statistics.median(s / base for s, base in zip(seconds[name], seconds["coroutine"]))
        if ratio > COST_LIMITS[name]:
            yield finding(Path("include", name), 1,
                          f"costs {ratio:.1f} times <coroutine> to include, the limit is "
                          f"{COST_LIMITS[name]}: clang++ -ftime-trace shows which header does it")


CHECKS = (headers_include_no_third_party, headers_stand_alone, headers_carry_the_mark,
          headers_are_cheap)
