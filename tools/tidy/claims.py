"""What claims to exist does: rows of docs/mission.md name tests, and no file is dead."""

import re
from fnmatch import fnmatch
from pathlib import Path

from tree import CPP, finding

MISSION = Path("docs/mission.md")
MISSION_ROWS = 14  # the notes that started the project; a row may not vanish
NOT_YET = "not yet"

GTEST = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)")
CTEST = re.compile(r"\badd_test\s*\(\s*NAME\s+([^\s)]+)|\bset\s*\(\s*(?:cell|name)\s+\"([^\"]+)\"")
RUNNER = re.compile(r"\brota_(?:test|columns)\s*\(\s*(\w+)|\bTEST_PREFIX\s+\"?([\w.]+)\.\"?")
COLUMNS = re.compile(r"\brota_columns\s*\([^)\"]*\"COLUMN\.\*\"([^)]*)\)")
LIST = re.compile(r"\bset\s*\(\s*(\w+)\s+([^)]*)\)")
SCENARIO = re.compile(r"\bsuite\.add\(\s*\"(\w+)\"")
SWEEP = re.compile(r"[\w*]*\*[\w*]*\.cpp")  # *_test.cpp in a list or a script


def scenario_names(tree):
    """A suite that registers its cases by name runs each in every column: COLUMN.case."""
    for cmake in tree.files({".txt"}, under=("tests",)):
        text = tree.text(cmake)
        # A list may be made of lists, and may be set to this or to that: all of them are columns.
        columns = " ".join(COLUMNS.findall(text))
        for name, items in reversed(LIST.findall(text)):
            columns = columns.replace(f"${{{name}}}", f"{items} ${{{name}}}")
        columns = re.sub(r"\$\{\w+\}", "", columns).split()
        if not columns:
            continue
        for path in tree.files({".cpp"}, under=cmake.parts[:1]):
            if path.parent != cmake.parent:
                continue
            bare = tree.bare(path)
            for scenario in SCENARIO.finditer(tree.text(path)):
                if bare[scenario.start()] != " ":  # not in a comment
                    yield from (f"{column}.{scenario[1]}" for column in columns)


def test_names(tree):
    """(exact names, patterns): tests of GoogleTest as Suite.Case, and entries of ctest."""
    exact, patterns = set(scenario_names(tree)), []
    for path in tree.files(CPP, under=("tests",)):
        exact |= {f"{suite}.{case}" for suite, case in GTEST.findall(tree.bare(path))}
    for path in tree.files({".txt", ".cmake"}, under=("tests",)):
        for groups in CTEST.findall(tree.text(path)):
            name = next(group for group in groups if group)
            if name.startswith("${"):
                continue  # its name was set in a line that CTEST finds too
            parts = re.split(r"\$\{[^}]+\}", name)
            patterns.append(re.compile(".+".join(map(re.escape, parts))))
    return exact, patterns


def runners(tree):
    """What stands before Suite.Case in the name of a ctest entry."""
    return {name for path in tree.files({".txt"}, under=("tests",))
            for names in RUNNER.findall(tree.text(path)) for name in names if name}


def names_a_test(name, exact, patterns, prefixes):
    """Accepts Suite.Case, Instance/Suite.Case/parameter and either after a runner's name."""
    for prefix in prefixes:
        name = name.removeprefix(prefix + ".")
    suite, _, case = name.partition(".")
    plain = f"{suite.split('/')[-1]}.{case.split('/')[0]}"
    return plain in exact or any(pattern.fullmatch(name) for pattern in patterns)


def rows_of(tree):
    """(line, cells) of each row of the table, without its head and its rule."""
    table = [(n, [c.strip() for c in line.strip().strip("|").split("|")])
             for n, line in tree.lines(MISSION) if line.lstrip().startswith("|")]
    return table[2:]


def mission_names_tests(tree):
    if not tree.exists(MISSION):
        yield finding(MISSION, 1, "is missing: it says what the project is for, row by row")
        return
    exact, patterns = test_names(tree)
    prefixes = runners(tree)
    rows = rows_of(tree)
    if len(rows) < MISSION_ROWS:
        yield finding(MISSION, 1, f"{len(rows)} rows where there were {MISSION_ROWS}: a row that "
                                  f"is not built says '{NOT_YET}', it does not vanish")
    for line, cells in rows:
        if len(cells) != 4:
            yield finding(MISSION, line, f"{len(cells)} columns instead of 4")
            continue
        tests, lab = cells[2], cells[3]
        names = re.findall(r"`([^`]+)`", tests)
        for name in names:
            if not names_a_test(name, exact, patterns, prefixes):
                yield finding(MISSION, line, f"no test is called {name}: correct the name, or say "
                                             f"'{NOT_YET}'")
        if not names and NOT_YET not in tests:
            yield finding(MISSION, line, f"names no test: name one in backticks or say '{NOT_YET}'")
        if "`" not in lab and NOT_YET not in lab:
            yield finding(MISSION, line, f"names no cell of the lab, nor says '{NOT_YET}'")


def private_headers_are_used(tree):
    """A header that nobody includes is dead; sources are found by the build, so they never are."""
    wanted = {Path(name).name for path in tree.files(CPP) for _, _, name in tree.includes(path)}
    for path in tree.files({".hpp", ".h"}, under=("src", "tests", "cli", "bench", "model")):
        if path.name not in wanted:
            yield finding(path, 1, "no file includes it: delete it or use it")


def test_sources_are_built(tree):
    """A test that no list names never runs, and nobody notices."""
    lists = {p: tree.text(p) for p in tree.files({".txt", ".cmake", ".sh", ".py"}, ("tests",))}
    for path in tree.files({".cpp"}, under=("tests",)):
        named = any(path.name in text for text in lists.values())
        swept = any(fnmatch(path.name, pattern)
                    for list_path, text in lists.items() if list_path.parent in path.parents
                    for pattern in SWEEP.findall(text))
        if not named and not swept:
            yield finding(path, 1, "no list of the tests names it, so it never runs: add it to "
                                   "CMakeLists.txt")


CHECKS = (mission_names_tests, private_headers_are_used, test_sources_are_built)
