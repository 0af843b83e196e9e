#!/usr/bin/env python3
"""Shows that each check of tidy can fail: plants one violation in a tree that is otherwise clean.

A check without a planted violation fails this test, and so does a violation that another check
reports, or that is reported without saying where.
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

import claims
import headers
import layers
import semantics
import sizes
import snippets
import tidy
import words
from tree import Tree

ROW = "| a note | a part | {tests} | `cell` |\n"
MISSION = ("# Mission\n\n| note | Rota | test | lab |\n| --- | --- | --- | --- |\n"
           + ROW.format(tests="`Wheel.FiresInOrder`")
           + ROW.format(tests="`tidy`, `model.Park.LosesNoWake`")
           + ROW.format(tests="`epoll_fiber.a_read_ends`, `sim_fiber.a_read_ends`")
           + ROW.format(tests="not yet") * (claims.MISSION_ROWS - 3))

FACTS = "/// @threads any\n/// @loses nothing\n/// @owns its fd\n/// @errors none\n"
SOCKET = ("#pragma once\n#include <rota/task.hpp>\ntemplate <class>\nclass Await;\n"
          "/// A socket.\n///\n" + FACTS + "class Socket {\n public:\n"
          "  [[nodiscard]] Await<int> read(int n) noexcept;\n};\n")
SEMANTICS = ("# Semantics\n\n<!-- semantics: Socket -->\n"
             "| what | threads | a cancelled wait loses | who owns what "
             "| errors besides `operation_canceled` |\n| --- | --- | --- | --- | --- |\n"
             "| `Socket`: `read` | any | nothing | its fd | none |\n")

# A small tree without a finding: a bit of everything that the checks look at.
CLEAN = {
    "CMakeLists.txt": "project(clean)\n",
    "docs/mission.md": MISSION,
    "include/rota/core/platform.hpp": "#pragma once\n#ifdef __linux__\n#endif\n",
    "include/rota/task.hpp": "#pragma once\n#include <coroutine>\n",
    "include/rota/net.hpp": SOCKET,
    "src/base/fd.hpp": "#pragma once\nint one(int a = int{1});\n",
    "src/driver/driver.hpp": "#pragma once\n#include \"base/fd.hpp\"\n",
    "src/driver/readiness/poller.hpp": "#pragma once\n",
    "src/driver/readiness/epoll.cpp": "#include \"driver/readiness/poller.hpp\"\n",
    "src/sched/worker.hpp": "#pragma once\n#include \"driver/driver.hpp\"\n",
    "src/task/join.cpp": "#include \"sched/worker.hpp\"\n#include <rota/task.hpp>\n",
    "src/runtime/runtime.cpp": "#include \"sched/worker.hpp\"\n",
    "cli/main.cpp": "#include <rota/net.hpp>\nint main() {}\n",
    "examples/a.cpp": "// [x]\nint a;\n// [/x]\n",
    "modules/rota.cppm": "using rota::sleep;\nusing rota::Socket;\n",
    "docs/semantics.md": SEMANTICS,
    "README.md": "<!-- quotes examples/a.cpp [x] -->\n```cpp\nint a;\n```\n",
    "tests/time/CMakeLists.txt": "rota_test(time_test wheel_test.cpp)\nadd_test(NAME tidy)\n",
    "tests/time/wheel_test.cpp": "TEST(Wheel, FiresInOrder) {\n}\n",
    "tests/model/CMakeLists.txt": 'file(GLOB x "*_model.cpp")\ngtest_discover_tests(x TEST_PREFIX '
                                  '"model." PROPERTIES LABELS model)\n',
    "tests/model/park_model.cpp": "TEST(Park, LosesNoWake) {}\n",
    "tests/task/CMakeLists.txt": "add_executable(scenarios read.cpp)\n"
                                 'rota_columns(scenarios main.cpp "COLUMN.*"\n'
                                 "  epoll_fiber sim_fiber)\n",
    "tests/task/read.cpp": 'void f(Suite& suite) {\n  suite.add("a_read_ends",\n'
                           '            a<Task>);\n  // suite.add("a_read_rests", b<Task>);\n}\n',
}

LONG_BODY = "  step();\n" * (sizes.FUNCTION_LINES + 1)
UNDONE = "TO" "DO"  # in two halves, so that tidy does not find it here

# check: list of (file, its planted content, a piece of what must be said)
PLANTED = {
    layers.includes_point_down: [
        ("src/base/fd.hpp", '#include "driver/driver.hpp"\n', "base may not include"),
        ("src/sched/single.cpp", '#include "driver/readiness/poller.hpp"\n',
         "sched may not include"),
        ("src/net/tcp.cpp", '#include "driver/driver.hpp"\n', "net may not include"),
        ("src/net/tcp.cpp", '#include "sched/worker.hpp"\n', "net may not include"),
        ("src/task/join.cpp", "#include <rota/net.hpp>\n", "task may not include"),
        ("src/driver/readiness/epoll.cpp", '#include "../../sched/worker.hpp"\n',
         "driver may not include"),
        ("include/rota/net.hpp", '#include "base/fd.hpp"\n', "not installed"),
        ("src/runtime/runtime.cpp", '#include "../../cli/main.cpp"\n', "the library includes"),
        ("src/somewhere/new.cpp", "int x;\n", "is in no layer"),
        ("include/rota/unheard_of.hpp", "#pragma once\n", "is in no layer"),
    ],
    layers.programs_see_public_headers: [
        ("cli/main.cpp", '#include "driver/driver.hpp"\n', "cli includes src/driver"),
        ("examples/echo.cpp", '#include "../src/sched/worker.hpp"\n', "examples includes"),
        ("bench/spawn.cpp", "#include <driver/readiness/poller.hpp>\n", "bench includes"),
        ("model/src/engine.cpp", '#include "sched/worker.hpp"\n', "model includes"),
    ],
    sizes.files_are_short: [
        ("cli/main.cpp", "int x;\n" * (sizes.FILE_LINES + 1), "split it"),
        ("bench/peers/echo.go", "// go\n" * (sizes.FILE_LINES + 1), "split it"),
    ],
    sizes.functions_are_short: [
        ("cli/main.cpp", "int main() {\n" + LONG_BODY + "}\n", "main has"),
        ("cli/main.cpp", "namespace a {\ntemplate <class T>\nclass B : C<T> {\n public:\n"
         "  B(T x = {}) : y_{x} {}\n  auto run(T) const noexcept -> int {\n" + LONG_BODY
         + "  }\n};\n}\n", "run has"),
        ("tests/time/wheel_test.cpp", "TEST(Wheel, FiresInOrder) {\n  auto s = \"}\";  // }\n"
         "  int million = 1'000'000; char brace = '}';\n" + LONG_BODY + "}\n", "TEST has"),
        ("tools/count.py", "def count():\n" + "    print()\n" * 71, "count has"),
    ],
    sizes.lines_are_narrow: [("cli/main.cpp", "// " + "x" * sizes.COLUMNS + "\n", "columns")],
    words.platform_conditionals_have_one_home: [
        ("src/base/fd.hpp", "#ifdef __linux__\n#endif\n", "__linux__"),
        ("src/base/fd.hpp", "#ifndef NDEBUG\n#endif\n", "NDEBUG"),
        ("src/base/fd.hpp", "#if defined(X) && defined(__x86_64__)\n#endif\n", "__x86_64__"),
        ("src/base/fd.hpp", "#if X\n#elif defined(__clang__)\n#endif\n", "__clang__"),
        ("tests/time/wheel_test.cpp", "#if __has_feature(thread_sanitizer)\n#endif\n"
         "TEST(Wheel, FiresInOrder) {}\n", "__has_feature"),
        ("cli/main.cpp", "# ifndef __GNUC__\n# endif\n", "__GNUC__"),
    ],
    words.names_say_something: [
        ("cli/util.cpp", "int x;\n", "'util.cpp'"),
        ("cli/string_helpers.cpp", "int x;\n", "'string_helpers.cpp'"),
        ("cli/detail/table.cpp", "int x;\n", "'detail'"),
    ],
    words.to_dos_have_a_trigger: [
        ("cli/main.cpp", f"// {UNDONE}: later\n", "without a trigger"),
        ("cli/main.cpp", f"// {UNDONE}(someone): later\n", "without a trigger"),
    ],
    words.one_way_to_end_the_process: [
        ("src/net/tcp.cpp", "void f() { std::abo" "rt(); }\n", "without fatal()"),
    ],
    words.no_machine_paths: [
        ("README.md", "see /ro" "ot/rota\n", "one machine"),
        ("cli/main.cpp", '// "/ho' 'me/someone/rota"\n', "one machine"),
    ],
    claims.mission_names_tests: [
        ("docs/mission.md", MISSION.replace("Wheel.FiresInOrder", "Wheel.Sings"), "no test is"),
        ("docs/mission.md", MISSION.replace("Park.L", "Park.l"), "called model.Park.losesNoWake"),
        ("docs/mission.md", MISSION.replace("sim_fiber", "sim_fibre"), "sim_fibre.a_read_ends"),
        ("docs/mission.md", MISSION.replace("a_read_ends", "a_read_rests"), "sim_fiber.a_read_re"),
        ("docs/mission.md", MISSION.replace("`tidy`", "`tidier`"), "no test is called tidier"),
        ("docs/mission.md", MISSION.replace("not yet", "soon", 1), "names no test"),
        ("docs/mission.md", MISSION.replace("`cell`", "a cell", 1), "no cell of the lab"),
        ("docs/mission.md", MISSION.replace("| a note ", "", 1), "3 columns"),
        ("docs/mission.md", MISSION.replace(ROW.format(tests="not yet"), "", 1), "it does not van"),
        ("docs/mission.md", None, "is missing"),
    ],
    semantics.tables_are_made_of_the_headers: [
        ("docs/semantics.md", SEMANTICS.replace("| nothing |", "| a byte |"), "differs from what"),
        ("docs/semantics.md", SEMANTICS.replace("| `Socket`", "\n| `Socket`"), "differs from"),
        ("docs/semantics.md", SEMANTICS.replace("Socket -->", "Socket, Port -->"), "what Port"),
        ("docs/semantics.md", SEMANTICS + "\n" + SEMANTICS, "Socket is in two tables"),
        ("include/rota/net.hpp", SOCKET.replace("@errors none", "@errors all"), "differs from"),
        ("include/rota/net.hpp", SOCKET.replace("read(", "peek("), "differs from what"),
        ("include/rota/net.hpp", FACTS + "void Socket(int wait);\n" + FACTS
         + "void Socket(Task<void (*)(int, char)> task);\n", "name Socket(wait) or Socket(task)"),
    ],
    semantics.facts_are_whole: [
        ("include/rota/net.hpp", SOCKET.replace("/// @errors none\n", ""), "Socket lacks @errors"),
        ("include/rota/net.hpp", SOCKET.replace("@errors none", "@as Port"), "is as Port, which"),
        ("include/rota/net.hpp", SOCKET.replace("@errors none", "@as Socket"), "lacks @errors"),
    ],
    semantics.what_is_awaited_has_a_row: [
        ("docs/semantics.md", SEMANTICS.replace("Socket -->", "Port -->"), "Socket is awaited"),
        ("docs/semantics.md", None, "is missing"),
        ("include/rota/task.hpp", "#pragma once\n[[nodiscard]] Task<int> sleep(int seconds);\n",
         "sleep is awaited"),
        ("include/rota/task.hpp", "#pragma once\n" + FACTS + "void nap();\n", "nap has facts that"),
    ],
    snippets.documents_quote_what_compiles: [
        ("docs/guide.md", "<!-- quotes examples/a.cpp [y] -->\n```cpp\nint a;\n```\n", "no part"),
        ("docs/guide.md", "<!-- quotes cli/main.cpp [x] -->\n```cpp\nint a;\n```\n", "not in ex"),
        ("docs/guide.md", "<!-- quotes examples/a.cpp [x] -->\n```cpp\nint x;\n```\n", "differs"),
        ("docs/guide.md", "```cpp\nint a;\n```\n", "without a source"),
        ("docs/guide.md", "<!-- quotes examples/a.cpp [x] -->\n\n```c++\nint a;\n```\n",
         "without a source"),
    ],
    snippets.examples_mark_what_is_quoted: [
        ("README.md", "no example at all\n", "no document quotes [x]"),
        ("examples/b.cpp", "// [y]\nint b;\n// [/y]\n", "no document quotes [y]"),
        ("examples/a.cpp", "// [x]\nint a;\n// [/x]\n// [x]\n// [/x]\n", "marked twice"),
        ("examples/b.cpp", "// [y]\nint b;\n// [/z]\n", "[y] has no end"),
    ],
    claims.private_headers_are_used: [
        ("src/core/list.hpp", "#pragma once\n", "no file includes"),
        ("model/src/list.hpp", "#pragma once\n", "no file includes"),
    ],
    claims.test_sources_are_built: [
        ("tests/time/clock_test.cpp", "TEST(Clock, Ticks) {}\n", "never runs"),
        ("tests/model/park_test.cpp", "TEST(Park, Parks) {}\n", "never runs"),
    ],
    headers.headers_include_no_third_party: [
        ("include/rota/net.hpp", "#pragma once\n#include <thread>\n", "<thread>"),
        ("include/rota/net.hpp", "#pragma once\n#include <liburing.h>\n", "liburing.h"),
        ("include/rota/net.hpp", "#pragma once\n#include <boost/version.hpp>\n", "boost/version"),
        ("include/rota/net.hpp", '#pragma once\n#include "fmt/core.h"\n', "fmt/core.h"),
        ("model/shim/rota/a.hpp", "#pragma once\n#include <boost/version.hpp>\n", "boost/version"),
    ],
    headers.headers_stand_alone: [
        ("include/rota/net.hpp", "#pragma once\nstd::size_t size();\n", "does not compile alone"),
        ("model/shim/rota/a.hpp", "#pragma once\nstd::size_t size();\n", "does not compile"),
    ],
    headers.headers_carry_the_mark: [
        ("include/rota/core/build_mark.hpp", "#pragma once\n", "does not reach"),
    ],
    headers.headers_are_cheap: [
        ("include/rota/task.hpp", "#pragma once\n#include <algorithm>\n#include <chrono>\n"
         "#include <filesystem>\n#include <ranges>\n#include <regex>\n", "MB, precompiled"),
    ],
}

LOCATED = re.compile(r"^[^\s:]+:\d+: \S")


class Planted(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def tree(self, changes):
        root = Path(tempfile.mkdtemp(dir=self.folder.name))
        for name, text in {**CLEAN, **changes}.items():
            if text is not None:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
        return Tree(root)

    def test_a_clean_tree_has_no_finding(self):
        tree = self.tree({})
        for check in tidy.CHECKS:
            self.assertEqual([], list(check(tree)), check.__name__)

    def test_every_check_has_a_planted_violation(self):
        self.assertEqual(set(tidy.CHECKS), set(PLANTED))

    def test_every_planted_violation_is_found(self):
        for check, violations in PLANTED.items():
            for name, text, said in violations:
                with self.subTest(check=check.__name__, file=name, said=said):
                    found = list(check(self.tree({name: text})))
                    self.assertTrue(any(said in line for line in found), found)
                    for line in found:
                        self.assertRegex(line, LOCATED)

    def test_a_to_do_with_a_trigger_is_allowed(self):
        text = f"// {UNDONE}(when Debian ships liburing 2.5): ask for it.\n"
        tree = self.tree({"cli/main.cpp": text})
        self.assertEqual([], list(words.to_dos_have_a_trigger(tree)))

    def test_a_part_loses_its_indentation_and_the_marks_within(self):
        text = ("f() {\n  // [x]\n  a();\n    // [y]\n    b();\n    // [/y]\n\n"
                "  c();\n  // [/x]\n}\n")
        self.assertEqual("a();\n  b();\n\nc();\n", snippets.part_of(text, "x"))
        self.assertEqual("b();\n", snippets.part_of(text, "y"))

    def test_what_differs_from_its_source_is_written_anew(self):
        stale = "A\n\n<!-- quotes examples/a.cpp [x] -->\n```cpp\nint old;\nint b;\n```\n\nB\n"
        tree = self.tree({"docs/guide.md": stale})
        fresh = snippets.refreshed(tree, Path("docs/guide.md"))
        self.assertEqual(stale.replace("int old;\nint b;", "int a;"), fresh)
        self.assertEqual(fresh, snippets.refreshed(self.tree({"docs/guide.md": fresh}),
                                                   Path("docs/guide.md")))

    def test_facts_come_from_the_type_and_from_what_it_is_as(self):
        text = (FACTS + "class Stream {\n public:\n  /// @loses a byte\n  /// or two\n  ///\n"
                "  /// That is no fact of it.\n  [[nodiscard]] Task<int> read();\n"
                "  [[nodiscard]] Task<int> write();\n\n private:\n"
                "  [[nodiscard]] Task<int> wait();\n};\n"
                "/// @as Stream\nclass [[nodiscard]] Pipe : public Stream {\n};\n")
        tree = self.tree({"include/rota/net.hpp": text})
        made = semantics.table(semantics.Promises(tree), ["Stream", "Pipe", "Stream::read"])
        self.assertEqual(["| `Stream`: `write`; `Pipe`: `read`, `write` | any | nothing | its fd "
                          "| none |", "| `Stream::read` | any | a byte or two | its fd | none |"],
                         made.splitlines()[2:])

    def test_a_table_that_differs_is_made_anew(self):
        stale = SEMANTICS.replace("| any |", "| one |") + "\nAnd so on.\n"
        fresh = semantics.refreshed(self.tree({"docs/semantics.md": stale}))
        self.assertEqual(SEMANTICS + "\nAnd so on.\n", fresh)

    def test_the_program_reports_and_fails(self):
        program = Path(__file__).with_name("tidy.py")
        for changes, status in (({}, 0), ({"cli/util.cpp": "int x;\n"}, 1)):
            root = self.tree(changes).root
            result = subprocess.run([program, root], capture_output=True, text=True)
            self.assertEqual(status, result.returncode, result.stdout + result.stderr)
        self.assertIn("cli/util.cpp:1: ", result.stdout)


if __name__ == "__main__":
    unittest.main()
