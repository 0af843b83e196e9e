#!/usr/bin/env python3
"""Checks what no compiler checks: tools/tidy/tidy.py [ROOT]

Prints one line `file:line: message` per finding; each message says what to do. Exit status 1 when
there is a finding. Every check is a function from the tree to its findings; tidy_test.py shows for
each of them that it can fail.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True

import claims
import headers
import layers
import semantics
import sizes
import snippets
import words
from tree import Tree

CHECKS = (*layers.CHECKS, *sizes.CHECKS, *words.CHECKS, *claims.CHECKS, *semantics.CHECKS,
          *snippets.CHECKS, *headers.CHECKS)


def main(arguments):
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    root = Path(arguments[0]) if arguments else Path(__file__).parents[2]
    if not (root / "CMakeLists.txt").is_file():
        print(f"{root} is not the root of a tree: it has no CMakeLists.txt", file=sys.stderr)
        return 2
    tree = Tree(root)
    findings = [line for check in CHECKS for line in check(tree)]
    for line in findings:
        print(line)
    print(f"{len(CHECKS)} checks over {len(list(tree.files()))} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
