"""Public headers: each stands alone, includes the standard library only, and is cheap."""

import os
import re
import shutil
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

# What clang keeps of a header when it precompiles it, in MB: it goes with the time that the header
# takes to include, and is the same whatever else the machine does. Where <coroutine> takes 0.065 s
# and 0.85 MB, task.hpp takes 0.3 s and rota.hpp 1.0 s (clang 19, libstdc++ 12); of that,
# <system_error> alone is 4.6 MB, and std::error_code is part of the interface.
COST_LIMITS = {"rota/task.hpp": 2.9, "rota/rota.hpp": 12.5}


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


def headers_are_cheap(tree):
    present = [name for name in COST_LIMITS if tree.exists(Path("include", name))]
    if not present or shutil.which(REFERENCE) is None:
        return  # headers_stand_alone speaks of a missing compiler
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(present):
            source = source_of(folder, f"{number}.hpp", name)
            kept = Path(folder, f"{number}.pch")
            command = [REFERENCE, "-std=c++23", *(f"-I{tree.root / each}" for each in LIBRARY),
                       "-x", "c++-header", str(source), "-o", str(kept)]
            if subprocess.run(command, capture_output=True, check=False).returncode != 0:
                continue  # headers_stand_alone says why
            megabytes = kept.stat().st_size / 1e6
            if megabytes > COST_LIMITS[name]:
                yield finding(Path("include", name), 1,
                              f"costs {megabytes:.1f} MB, precompiled, the limit is "
                              f"{COST_LIMITS[name]}: clang++ -ftime-trace shows which header "
                              "does it")


CHECKS = (headers_include_no_third_party, headers_stand_alone, headers_carry_the_mark,
          headers_are_cheap)
