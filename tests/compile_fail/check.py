#!/usr/bin/env python3
"""Checks that one line of a source file does not compile, for the reason that it names.

    check.py INCLUDE_FOLDER PRELUDE            precompiles the headers that all cases use
    check.py INCLUDE_FOLDER PRELUDE CASE.cpp

The line ends with `// error: PART`. With it the compiler must fail, and PART must be in the text
of its first error. Without it the file must compile: so nothing else than that line was wrong.
"""

import re
import subprocess
import sys
from pathlib import Path

COMPILER = "clang++-19"
FLAGS = ("-std=c++23", "-Wall", "-Wextra", "-Werror", "-Wno-unused-variable",
         "-Wno-unused-parameter", "-fno-color-diagnostics")
HEADERS = "#include <rota/rota.hpp>\n"
MARK = re.compile(r"\s*// error: (.+)$")


def precompile(include, prelude):
    subprocess.run([COMPILER, f"-I{include}", *FLAGS, "-x", "c++-header", "-", "-o", prelude],
                   input=HEADERS, text=True, check=True)


def compile_errors(include, prelude, text):
    """The messages of a failed compilation; none when it succeeds."""
    done = subprocess.run([COMPILER, f"-I{include}", *FLAGS, "-fsyntax-only", "-include-pch",
                           prelude, "-x", "c++", "-"],
                          input=text, capture_output=True, text=True, check=False)
    errors = re.findall(r"error: (.+)", done.stderr)
    if done.returncode != 0 and not errors:
        sys.exit(f"{COMPILER} failed without an error:\n{done.stderr}")
    return errors if done.returncode != 0 else []


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    include, prelude = sys.argv[1:3]
    if len(sys.argv) == 3:
        precompile(include, prelude)
        return
    case = Path(sys.argv[3])
    lines = case.read_text().splitlines()
    marked = [number for number, line in enumerate(lines) if MARK.search(line)]
    if len(marked) != 1:
        sys.exit(f"{case.name}: {len(marked)} lines are marked with an error, not one")
    wanted = MARK.search(lines[marked[0]])[1]

    without = [line for number, line in enumerate(lines) if number != marked[0]]
    errors = compile_errors(include, prelude, "\n".join(without) + "\n")
    if errors:
        sys.exit(f"{case.name} does not compile even without the marked line: {errors[0]}")

    errors = compile_errors(include, prelude, "\n".join(lines) + "\n")
    if not errors:
        sys.exit(f"{case.name} compiles, but line {marked[0] + 1} must not")
    if wanted not in errors[0]:
        sys.exit(f"{case.name} fails for another reason.\nwanted: {wanted}\nfound:  {errors[0]}")
    print(f"{case.name}: {errors[0]}")


if __name__ == "__main__":
    main()
