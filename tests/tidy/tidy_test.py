#!/usr/bin/env python3
"""Shows that each tidy rule fires on a planted breach, and that none fires on a clean tree."""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from cxx import Cxx
from tidy import check
from tree import Tree

HEADER = "// What this is.\n#pragma once\n"
CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec:
  names:
    kind: SpacePort
    plural: spaceports
"""

# Close to every rule's border, so that a rule that is too eager shows up here.
CLEAN = {
    "README.md": "# Charter\n\n## Invariants\n\n- No clock in plans: `Plan.IsPure`.\n- Rules fire:\n  `Rules.test_fire`, see `README.md`.\n\n## Next\n\n- nothing\n",
    "crds/spaceport.yaml": CRD,
    "helm/charter/crds/spaceport.yaml": CRD,
    "hack/run.sh": "#!/usr/bin/env bash\nset -euo pipefail\nmktemp x.XXXXXX\n",
    "controller/main.cc": '#include "controller/cli/serve.h"\n#include "reconcilers/register.h"\n' + "//\n" * 140,
    "controller/base/log.cc": '#include "controller/base/log.h"\n\n#include <spdlog/spdlog.h>\n#include <unistd.h>\n#include <vector>\n',
    "controller/base/log.h": HEADER + "/// Writes lines. Fully implemented.\ntemplate <class T>\nclass Log final {\n  struct Nested {};\n};\nclass Forward;\n",
    "controller/base/clock.cc": "auto x = std::chrono::system_clock::now();\n",
    "controller/object/value.h": HEADER + '#include <nlohmann/json_fwd.hpp>\n#include "controller/base/log.h"\n',
    "controller/object/value.cc": '#include "controller/object/value.h"\n#include <nlohmann/json.hpp>\n#include <yaml-cpp/eventhandler.h>\n#include <re2/re2.h>\n',
    "controller/store/sqlite_store.cc": '#include <sqlite3.h>\n#include "controller/object/value.h"\n',
    "controller/api/http_server.cc": "#include <boost/asio/ip/tcp.hpp>\n#include <openssl/ssl.h>\n",
    "controller/api/router.h": HEADER + "// Six are the most.\nclass Six {\n" + "  virtual int a(int x) = 0;\n" * 6 + "  virtual ~Six() = default;\n};\n",
    "controller/runtime/local_client.cc": '#include "controller/api/router.h"\n',
    "controller/runtime/rest_client.cc": "#include <cpprest/http_client.h>\n",
    "controller/cli/serve.h": HEADER,
    "controller/cli/serve.cc": '#include <CLI/CLI.hpp>\n#include "controller/api/router.h"\nvoid f() { std::cout << 1; }\n',
    "crds/types/space_port.h": HEADER + '#include "controller/object/value.h"\n',
    "drivers/machine_driver.h": HEADER,
    "drivers/libvirt/domain.cc": '#include <libvirt/libvirt.h>\n#include "drivers/machine_driver.h"\n',
    "drivers/simulated/host.h": HEADER,
    "drivers/remote/remote.cc": '#include "controller/runtime/queue.h"\n',
    "controller/runtime/queue.h": HEADER,
    "reconcilers/register.h": HEADER,
    "reconcilers/common/step.h": HEADER,
    "reconcilers/space_port/plan.h": HEADER,
    "reconcilers/space_port/plan.cc": '#include "drivers/machine_driver.h"\nconst char* kText = "TODO now() std::async";\n',
    "reconcilers/space_port/admit.h": HEADER,
    "reconcilers/space_port/admit.cc": "",
    "reconcilers/space_port/reconciler.h": HEADER,
    "reconcilers/space_port/reconciler.cc": '#include "controller/runtime/queue.h"\n',
    "tests/plan_test.cc": "#include <gtest/gtest.h>\n#include <sqlite3.h>\nTEST(Plan, IsPure) { double utilisation = 1'000.5; }\n",
    "tests/e2e/wait.cc": "void f() { std::this_thread::sleep_for(x); }\n",
    "tests/tidy/rules_test.py": "class Rules(unittest.TestCase):\n    def test_fire(self):\n        pass\n",
}


def breaches(changes):
    """Breaches of the clean tree with some files changed, added or (None) taken away."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in {**CLEAN, **changes}.items():
            if text is not None:
                os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
        return check(Tree(root))


def function_of(lines):
    return "int f(int a) {\n" + "  a++;\n" * (lines - 2) + "}\n"


class TidyRules(unittest.TestCase):
    def fires(self, rule, path, text, line=None):
        found = breaches({path: text})
        hits = [b for b in found if b.rule == rule and b.path == path]
        self.assertTrue(hits, f"{rule} did not fire on {text!r}; found: {[str(b) for b in found]}")
        if line is not None:
            self.assertIn(line, [b.line for b in hits])

    def quiet(self, path, text):
        self.assertEqual([str(b) for b in breaches({path: text})], [])

    def test_a_clean_tree_has_no_breach(self):
        self.assertEqual([str(b) for b in breaches({})], [])

    def test_walls_keep_each_library_in_its_place(self):
        for path, header in (
            ("controller/api/router.cc", "spdlog/spdlog.h"),
            ("controller/store/gauge.cc", "prometheus/gauge.h"),
            ("controller/object/parse.h", "yaml-cpp/yaml.h"),
            ("reconcilers/common/parse.cc", "yaml-cpp/yaml.h"),
            ("controller/object/tree.h", "nlohmann/json.hpp"),
            ("controller/api/cache.cc", "sqlite3.h"),
            ("controller/api/router.cc", "boost/asio.hpp"),
            ("controller/runtime/rest_client.cc", "boost/asio.hpp"),
            ("controller/runtime/manager.cc", "openssl/sha.h"),
            ("controller/runtime/informer.cc", "cpprest/http_client.h"),
            ("drivers/remote/cloud.cc", "pplx/pplxtasks.h"),
            ("drivers/simulated/host.cc", "libvirt/libvirt.h"),
            ("reconcilers/common/parse.cc", "CLI/CLI.hpp"),
            ("controller/cli/command.h", "CLI/CLI.hpp"),
            ("controller/api/match.cc", "re2/re2.h"),
            ("controller/base/fixture.cc", "gtest/gtest.h"),
            ("controller/base/zip.cc", "archive.h"),
        ):
            with self.subTest(path=path, header=header):
                self.fires("wall", path, f"{HEADER}\n#include <{header}>\n", line=4)

    def test_an_include_in_a_comment_or_string_is_none(self):
        self.quiet("controller/base/x.cc", '// #include <sqlite3.h>\n/*\n#include <sqlite3.h>\n*/\nauto x = R"(\n#include <sqlite3.h>\n)";\n')

    def test_includes_are_written_from_the_root(self):
        self.fires("include-path", "controller/base/x.cc", '#include "log.h"\n', line=1)

    def test_arrows_go_one_way(self):
        for path, target in (
            ("controller/base/x.cc", "controller/object/value.h"),
            ("controller/object/x.cc", "controller/store/store.h"),
            ("controller/store/x.cc", "controller/api/router.h"),
            ("controller/api/x.cc", "controller/runtime/queue.h"),
            ("controller/runtime/informer.cc", "controller/api/router.h"),
            ("controller/runtime/local_client.cc", "controller/store/store.h"),
            ("controller/cli/x.cc", "reconcilers/common/step.h"),
            ("controller/base/x.cc", "controller/main.cc"),
            ("crds/types/x.cc", "controller/runtime/queue.h"),
            ("drivers/machine_driver.h", "controller/object/value.h"),
            ("drivers/simulated/x.cc", "controller/object/value.h"),
            ("drivers/simulated/x.cc", "drivers/libvirt/domain.h"),
            ("drivers/remote/x.cc", "controller/api/router.h"),
            ("reconcilers/common/x.cc", "controller/api/router.h"),
            ("reconcilers/common/x.cc", "controller/store/store.h"),
            ("reconcilers/common/x.cc", "drivers/simulated/host.h"),
            ("controller/api/x.cc", "tests/support/world.h"),
        ):
            with self.subTest(path=path, target=target):
                self.fires("arrow", path, f'{HEADER}#include "{target}"\n', line=3)

    def test_a_folder_outside_the_architecture_is_refused(self):
        self.fires("arrow", "controller/extras/x.cc", "")

    def test_include_cycles_are_found(self):
        found = breaches(
            {
                "controller/base/a.h": HEADER + '#include "controller/base/b.h"\n',
                "controller/base/b.h": HEADER + '#include "controller/base/c.h"\n',
                "controller/base/c.h": HEADER + '#include "controller/base/a.h"\n',
            }
        )
        self.assertEqual([b.rule for b in found], ["cycle"])
        self.assertIn("controller/base/a.h -> controller/base/b.h -> controller/base/c.h", found[0].what)

    def test_headers_have_pragma_once(self):
        self.fires("pragma-once", "controller/base/x.h", "// #pragma once\n")

    def test_files_are_at_most_500_lines(self):
        self.quiet("controller/base/x.cc", "\n" * 500)
        self.fires("file-size", "controller/base/x.cc", "\n" * 501)
        self.fires("file-size", "hack/long.sh", "set -euo pipefail\n" + "\n" * 500)

    def test_functions_are_at_most_60_lines(self):
        self.quiet("controller/base/x.cc", function_of(60))
        self.fires("function-size", "controller/base/x.cc", "\nnamespace charter {\n" + function_of(61), line=3)
        self.fires("function-size", "tests/x_test.cc", "TEST(A, B) {\n" + "  a++;\n" * 60 + "}\n")
        self.fires("function-size", "controller/base/x.cc", "A::A(int a) : b_{a}, c_(a) {\n" + "  a++;\n" * 60 + "}\n", line=1)
        self.fires("function-size", "controller/base/x.cc", "const auto f = [](int a) {\n" + "  a++;\n" * 60 + "};\n")

    def test_long_tables_and_classes_are_not_functions(self):
        self.quiet("controller/base/x.cc", "const Row kRows[] = {\n" + '  {"a", f(1)},\n' * 100 + "};\n")
        self.quiet("controller/base/x.cc", "class A {\n" + "  int f(int a = g(1));\n" * 100 + "};\n")

    def test_braces_in_text_do_not_confuse_the_sizes(self):
        body = 'auto a = "}"; char b = \'{\'; // }\n/* { */ auto c = R"x({{{)" }}} )x"; int d = 1\'000;\n'
        self.fires("function-size", "controller/base/x.cc", "void f() {\n" + body * 30 + "}\n", line=1)
        self.quiet("controller/base/x.cc", "".join(f"void f{n}() {{\n{body * 9}}}\n" for n in range(9)))

    def test_interfaces_have_at_most_six_pure_virtual_methods(self):
        seven = "// A.\nclass A {\n public:\n" + "  virtual int a(int b) const = 0;\n" * 7 + "};\n"
        self.fires("interface-size", "controller/base/x.h", HEADER + seven, line=4)

    def test_types_in_headers_are_documented(self):
        for text in ("class A {};", "struct A {\n};", "enum class A { kB };", "template <class T>\nstruct A : B<T> {};"):
            with self.subTest(text=text):
                self.fires("documented-type", "controller/base/x.h", f"{HEADER}\nnamespace charter {{\n\n{text}\n}}\n", line=6)

    def test_main_composes_only(self):
        self.quiet("controller/main.cc", "\n" * 149)
        self.fires("thin-main", "controller/main.cc", "\n" * 150)

    def test_reconcilers_are_thin(self):
        self.quiet("reconcilers/space_port/reconciler.cc", "\n" * 150)
        self.fires("thin-reconciler", "reconcilers/space_port/reconciler.cc", "\n" * 151)

    def test_postponed_work_is_refused(self):
        for text in ("// TODO later\n", "int TODO;\n", "/* FIXME */\n", "// XXX\n", "// HACK\n", "// ok for now\n", "// Not implemented.\n"):
            with self.subTest(text=text):
                self.fires("postponed", "controller/base/x.cc", text, line=1)
        self.fires("postponed", "hack/x.sh", "set -euo pipefail\n# TODO\n", line=2)

    def test_empty_names_are_refused(self):
        for text in ("class NameHelper;", "int StringUtils;", "struct FooImpl;", "Impl* impl_;", "using namespace util;", "int string_helper();"):
            with self.subTest(text=text):
                self.fires("empty-name", "controller/base/x.cc", text + "\n", line=1)
        self.fires("empty-name", "controller/base/x.cc", "struct MachineData {\n};\n")
        for name in ("common.h", "util.h", "utils.cc", "string_util.h", "test_helpers.h", "store_impl.cc"):
            with self.subTest(name=name):
                self.fires("empty-name", f"controller/base/{name}", HEADER)
        self.quiet("controller/base/x.cc", "int Utilization, implicit, Implementation, metadata, simple, implies;\n")

    def test_banned_code_is_refused(self):
        for rule, path, text in (
            ("no-std-async", "controller/base/x.cc", "auto a = std::async(f);"),
            ("no-detach", "controller/base/x.cc", "thread.detach();"),
            ("no-coroutine", "controller/api/x.cc", "co_await f();"),
            ("no-std-regex", "controller/object/x.cc", "std::regex a;"),
            ("clock", "controller/api/x.cc", "auto a = std::chrono::system_clock::now();"),
            ("clock", "controller/api/x.cc", "auto a = time(nullptr);"),
            ("clock", "tests/x_test.cc", "auto a = std::chrono::system_clock::now();"),
            ("clock", "reconcilers/common/x.cc", "auto a = std::chrono::steady_clock::now();"),
            ("random", "drivers/simulated/x.cc", "int a = rand();"),
            ("random", "reconcilers/common/x.cc", "std::mt19937 a;"),
            ("no-sleep", "reconcilers/common/x.cc", "std::this_thread::sleep_for(a);"),
            ("no-sleep", "tests/x_test.cc", "usleep(1);"),
            ("decimal-money", "reconcilers/contract/rating.cc", "double a;"),
            ("decimal-money", "crds/types/price.h", "float a;"),
            ("no-stdout", "controller/api/x.cc", "std::cout << 1;"),
            ("no-stdout", "reconcilers/common/x.cc", 'printf("a");'),
            ("pure-decision", "reconcilers/space_port/plan.cc", "auto a = clock.now();"),
            ("pure-decision", "reconcilers/space_port/admit.cc", '#include "controller/base/clock.h"'),
        ):
            with self.subTest(rule=rule, text=text):
                self.fires(rule, path, f"{text}\n", line=1)

    def test_the_runtime_names_no_kind(self):
        for text in ("// a ServiceInstance", "int service_instance;", 'auto a = "ratecards";', "int space_port;", "#define USAGEREPORT"):
            with self.subTest(text=text):
                self.fires("kind-in-runtime", "controller/runtime/x.cc", text + "\n", line=1)
        self.fires("kind-in-runtime", "controller/runtime/rate_card.cc", "")
        self.quiet("controller/runtime/x.cc", "// account, contract, image, machine, provider, volume, service, instance\n")

    def test_each_kind_has_its_six_files(self):
        for name in ("plan.h", "admit.cc", "reconciler.h"):
            with self.subTest(name=name):
                self.fires("kind-files", f"reconcilers/space_port/{name}", None)
        found = breaches({"reconcilers/other/reconciler.h": HEADER})
        self.assertEqual({b.rule for b in found}, {"kind-files"})
        self.assertEqual(len(found), 5)

    def test_the_helm_copy_of_the_crds_is_exact(self):
        path = "helm/charter/crds/spaceport.yaml"
        self.fires("helm-copy", path, CRD + "\n")
        self.fires("helm-copy", path, None)
        self.fires("helm-copy", "helm/charter/crds/stale.yaml", CRD)

    def test_readme_invariants_name_existing_tests(self):
        start = "## Invariants\n"
        self.fires("readme-invariants", "README.md", None)
        self.fires("readme-invariants", "README.md", "# Charter\n")
        self.fires("readme-invariants", "README.md", start)
        self.fires("readme-invariants", "README.md", start + "- One: `Plan.IsPure`\n- Two: `Plan.IsGone`\n", line=3)
        self.fires("readme-invariants", "README.md", start + "- One: `Plan.IsPure`\n- Two without a test\n", line=3)

    def test_shell_scripts_are_strict(self):
        self.fires("strict-shell", "hack/x.sh", "#!/bin/sh\nset -e\n")
        self.fires("strict-shell", ".ci/run", "#!/usr/bin/env bash\n")


class CxxReader(unittest.TestCase):
    def test_functions_are_found_with_their_names(self):
        text = """
namespace charter {
namespace {
int plain(int a) { return a; }
template <class T, class U = std::vector<T>> auto Box<T>::get(const std::function<void(int)>& f = {}) const -> int { return 1; }
}
class A : public B {
 public:
  A() : x_{1}, y_{f(2)} { g(); }
  bool operator==(const A&) const = default;
  A& operator=(A&& other) noexcept { return *this; }
  ~A() override { if (x_) { y_(); } }
 private:
  int x_{0};
  std::vector<int> z_ = {1, 2};
};
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) { return 0; }
constexpr Row kRows[] = {{"a", f(1)}, {"b", 2}};
}
"""
        file = Cxx("x.cc", text)
        names = [s.name for s in file.functions]
        self.assertEqual(names[:2], ["plain", "Box::get"])
        self.assertEqual(len(names), 6, names)
        self.assertEqual(names[-1], "LLVMFuzzerTestOneInput")
        self.assertEqual([s.name for s in file.types], ["A"])

    def test_comments_and_code_keep_their_lines(self):
        file = Cxx("x.cc", 'int a; // one\nauto b = "// no";\n/* two\n three */ int c = 1\'0;\n')
        self.assertEqual(file.code.count("\n"), file.raw.count("\n"))
        self.assertNotIn("no", file.code)
        self.assertNotIn("no", file.comments)
        self.assertIn("three", file.comments)
        self.assertIn("int c = 1_0;", file.code)


if __name__ == "__main__":
    unittest.main()
