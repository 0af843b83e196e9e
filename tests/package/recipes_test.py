#!/usr/bin/env python3
"""What can be said of the recipes for Conan and vcpkg without running them: recipes_test.py ROOT

They parse, linters find nothing in them, they have the fields of their formats, are of the version
of the headers, and set options that CMakeLists.txt has. Each says that it was never run.
"""

import ast
import json
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop(1))
CONAN = ROOT / "packaging/conan/conanfile.py"
PORT = ROOT / "packaging/vcpkg/rota"

# The keys of a vcpkg manifest that a port of this kind may have, with their types.
MANIFEST = {"$schema": str, "$comment": str, "name": str, "version-semver": str, "description": str,
            "license": str, "supports": str, "dependencies": list}
DEPENDENCY = {"name": str, "host": bool, "version>=": str}
CONAN_ATTRIBUTES = {"name", "description", "license", "topics", "package_type", "settings",
                    "options", "default_options"}
CONAN_METHODS = {"set_version", "export_sources", "requirements", "layout", "generate", "build",
                 "package", "package_info"}


def findings_of(*command):
    """What a linter says of a recipe; nothing, when all is well."""
    if shutil.which(command[0]) is None:
        return f"{command[0]} is not installed: tools/bootstrap.sh --group test does it"
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return "" if run.returncode == 0 else run.stdout


def options_of_cmake():
    return set(re.findall(r"option\((ROTA_\w+)", (ROOT / "CMakeLists.txt").read_text()))


def version_of_headers():
    header = (ROOT / "include/rota/version.hpp").read_text()
    return ".".join(re.findall(r"version_\w+ = (\d+)", header))


class ConanTest(unittest.TestCase):
    def setUp(self):
        self.text = CONAN.read_text()
        classes = [n for n in ast.parse(self.text).body if isinstance(n, ast.ClassDef)]
        self.recipe, = classes

    def test_has_the_parts_of_a_recipe(self):
        self.assertEqual([base.id for base in self.recipe.bases], ["ConanFile"])
        names = {target.id for node in self.recipe.body if isinstance(node, ast.Assign)
                 for target in node.targets}
        methods = {n.name for n in self.recipe.body if isinstance(n, ast.FunctionDef)}
        self.assertLessEqual(CONAN_ATTRIBUTES, names)
        self.assertLessEqual(CONAN_METHODS, methods)

    def test_is_clean_to_a_linter(self):
        self.assertEqual(findings_of("pyflakes3", CONAN), "")

    def test_takes_files_that_exist(self):
        sources, = (ast.literal_eval(n.value) for n in ast.parse(self.text).body
                    if isinstance(n, ast.Assign) and n.targets[0].id == "SOURCES")
        for pattern in sources:
            self.assertTrue(any(ROOT.glob(pattern)), pattern)

    def test_sets_options_that_exist(self):
        parts, = re.findall(r"for part in \((.*?)\)", self.text)
        names = {f"ROTA_BUILD_{part}" for part in re.findall(r'"(\w+)"', parts)}
        names |= set(re.findall(r'"(ROTA_\w+)"', self.text))
        self.assertGreater(len(names), 1)
        self.assertLessEqual(names, options_of_cmake())


class VcpkgTest(unittest.TestCase):
    def test_the_manifest_has_the_keys_of_its_format(self):
        manifest = json.loads((PORT / "vcpkg.json").read_text())
        self.assertEqual({k: type(v) for k, v in manifest.items()}, MANIFEST)
        self.assertRegex(manifest["name"], r"^[a-z0-9]+(-[a-z0-9]+)*$")
        self.assertEqual(manifest["version-semver"], version_of_headers())
        for dependency in manifest["dependencies"]:
            self.assertIn("name", dependency)
            for key, value in dependency.items():
                self.assertIs(type(value), DEPENDENCY[key])

    def test_the_port_sets_options_that_exist_and_lies_where_it_says(self):
        text = (PORT / "portfile.cmake").read_text()
        names = set(re.findall(r"-D(ROTA_\w+)=", text))
        self.assertGreater(len(names), 1)
        self.assertLessEqual(names, options_of_cmake())
        climb, = re.findall(r'CMAKE_CURRENT_LIST_DIR}/([./]+)"', text)
        self.assertEqual((PORT / climb).resolve(), ROOT.resolve())

    def test_the_port_is_clean_to_a_linter(self):
        port = PORT / "portfile.cmake"
        self.assertEqual(findings_of("cmake-lint", "--line-width=100", port), "")


class EachOfThem(unittest.TestCase):
    def test_says_that_it_was_never_run(self):
        for path in (CONAN, PORT / "vcpkg.json", PORT / "portfile.cmake"):
            self.assertIn("Untested", path.read_text(), path)


if __name__ == "__main__":
    unittest.main()
