#!/usr/bin/env python3
"""Makes the reference of the public headers: tools/reference.py DOXYFILE

Runs Doxygen, for which a warning is an error, and then looks for what has no comment. Every type,
function and constant of namespace rota has one; one of several overloads is enough, and a
specialisation shares its template's. A member of a type, or an operator, may go without, where its
name and its types say all there is. Prints a line per finding.

Exit status: 0 made, 1 a warning or a finding, 2 a bad argument, 77 Doxygen is not installed.
"""

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as XML
from pathlib import Path

TYPES = ("class", "struct", "union", "concept")
PLAIN = {"has"}  # of flags; its name says all there is, too
OUTPUT = re.compile(r'^OUTPUT_DIRECTORY\s*=\s*"([^"]+)"', re.MULTILINE)
CANNOT_RUN = 77


def has_comment(element):
    parts = (element.find(name) for name in ("briefdescription", "detaileddescription"))
    return any("".join(part.itertext()).strip() for part in parts if part is not None)


def place(element):
    where = element.find("location")
    return f"include/{where.get('file')}:{where.get('line')}"


def entries(folder):
    """(kind, name, element) of each type, and of each function and so on outside of types."""
    for path in sorted(folder.glob("*.xml")):
        for compound in XML.parse(path).getroot().findall("compounddef"):
            kind, name = compound.get("kind"), compound.findtext("compoundname")
            # A type of a type is one of its members.
            if kind in TYPES and name.startswith("rota::") and name.count("::") == 1:
                yield kind, name, compound
            if kind == "namespace" and name == "rota":
                for member in compound.iter("memberdef"):
                    yield member.get("kind"), member.findtext("name"), member


def findings(folder):
    commented, bare = set(), {}
    for kind, name, element in entries(folder):
        plain = name.split("<")[0].rstrip()
        if has_comment(element):
            commented.add(plain)
        elif plain not in PLAIN and not plain.startswith("operator"):
            bare.setdefault(plain, f"{place(element)}: {kind} {name} has no comment")
    if not commented:
        yield f"{folder}:1: Doxygen has found nothing: is INPUT right?"
    yield from (line for name, line in sorted(bare.items()) if name not in commented)


def main(arguments):
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if shutil.which("doxygen") is None:
        print("cannot run: apt-get install doxygen (tools/bootstrap.sh --group test)")
        return CANNOT_RUN
    output = Path(OUTPUT.search(Path(arguments[0]).read_text(encoding="utf-8"))[1])
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    made = subprocess.run(["doxygen", arguments[0]], check=False)
    lines = list(findings(output / "xml"))
    for line in lines:
        print(line)
    return 1 if made.returncode != 0 or lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
