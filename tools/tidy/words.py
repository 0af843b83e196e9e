"""What must not be written: platform conditionals, dump names, bare to-dos, paths of a machine,
other ends of the process than fatal()."""

import re

from tree import CODE, CPP, FOREIGN, TEXT, finding

PLATFORM_HEADERS = {"src/base/platform.hpp", "include/rota/core/platform.hpp"}
PLATFORM = re.compile(
    r"^\s*#\s*(?:if|ifdef|ifndef|elif|elifdef|elifndef)\b.*?"
    r"(__linux__|__APPLE__|__\w+BSD__|_WIN32|_WIN64|__ANDROID__|__unix__|__GLIBC\w*__|__MUSL__"
    r"|__x86_64__|__i386__|__aarch64__|__arm__|__riscv|__powerpc\w*|__s390x__"
    r"|__clang\w*__|__GNUC\w*__|_MSC_VER|__has_feature|__has_include|__SANITIZE_\w+__"
    r"|_GLIBCXX_\w+|_LIBCPP_\w+|NDEBUG)")

DUMPS = {"util", "utils", "helper", "helpers", "common", "misc", "detail", "details"}

TO_DO = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b(?!\(when [^)]+\))")
DEATH = re.compile(r"\b(abort|terminate|_exit|quick_exit|perror)\s*\(")
HOME = re.compile(r"(?<![\w.~}$>*)-])/(work|root|home|Users)(?=/|\b(?!-))")


def platform_conditionals_have_one_home(tree):
    for path in tree.files(CPP):
        if path.as_posix() in PLATFORM_HEADERS:
            continue
        for number, line in tree.lines(path):
            if match := PLATFORM.match(line):
                yield finding(path, number, f"a conditional on {match.group(1)}: let the build "
                                            "pick a file, or name the fact in platform.hpp")


def names_say_something(tree):
    told = set()
    for path in tree.files():
        for part in (*path.parents, path):
            words = set(part.stem.lower().split("_"))
            if part not in told and words & DUMPS:
                told.add(part)
                yield finding(part, 1, f"'{part.name}' is a name for anything: name the concept")


def to_dos_have_a_trigger(tree):
    for path in tree.files(CODE | FOREIGN | {".cmake"}):
        for number, line in tree.lines(path):
            if match := TO_DO.search(line):
                word = match.group(1)
                yield finding(path, number, f"{word} without a trigger: do it now, or write "
                                            f"{word}(when <what must happen first>)")


def no_machine_paths(tree):
    for path in tree.files(TEXT):
        for number, line in tree.lines(path):
            if match := HOME.search(line):
                yield finding(path, number, f"the path '{match.group()}...' exists on one machine "
                                            "only: make it relative")


def one_way_to_end_the_process(tree):
    for path in tree.files(CPP, under=("src", "include")):
        if path.as_posix() == "src/base/fatal.cpp":
            continue
        for number, line in tree.lines(path):
            if match := DEATH.search(line):
                yield finding(path, number, f"{match.group()} ends the process without fatal(): "
                                            "say why, in the one form that it has")


CHECKS = (platform_conditionals_have_one_home, names_say_something, to_dos_have_a_trigger,
          no_machine_paths, one_way_to_end_the_process)
