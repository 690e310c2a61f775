#!/usr/bin/env python3
"""Checks the rules of architecture.md and style.md that a machine can check. Seconds, no build, standard library only.

    tidy.py [--stats] [ROOT]

Prints one line `path:line: rule: what to do` for each breach and exits 1 when there is any. Each rule is a
function from a Tree to breaches in one of the rules_*.py files; tidy_test.py shows that each of them fires.
"""

import argparse
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import rules_includes
import rules_shape
import rules_tree
import rules_words
from tree import Tree, is_test

RULES = rules_includes.RULES + rules_shape.RULES + rules_words.RULES + rules_tree.RULES


def check(tree):
    """All breaches of a tree, in order of path and line."""
    return sorted({breach for rule in RULES for breach in rule(tree)})


def _percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0


def _line_counts(files):
    """(code lines, comment lines) of C++ files; a line with both counts as code."""
    code = comment = 0
    for file in files:
        for code_line, comment_line in zip(file.code.split("\n"), file.comments.split("\n")):
            if code_line.strip():
                code += 1
            elif comment_line.strip():
                comment += 1
    return code, comment


def stats(tree):
    """Figures to hold against style.md: lengths, comment share, tests to source."""
    groups = (
        ("source", [f for p, f in tree.cxx.items() if not is_test(p)]),
        ("tests", [f for p, f in tree.cxx.items() if is_test(p)]),
    )
    for name, files in groups:
        lengths = [f.raw.count("\n") for f in files]
        functions = [s.lines for f in files for s in f.functions]
        code, comment = _line_counts(files)
        yield (
            f"{name}: {len(files)} files, {sum(lengths)} lines ({code} code, {comment} comment ="
            f" {100 * comment / max(1, code + comment):.1f} %); file length median {_percentile(lengths, 50)},"
            f" p90 {_percentile(lengths, 90)}, max {max(lengths, default=0)}; {len(functions)} functions, length"
            f" median {_percentile(functions, 50)}, p90 {_percentile(functions, 90)}, max {max(functions, default=0)}"
        )
    source, tests = (_line_counts(files)[0] for _, files in groups)
    yield f"tests : source = {tests / max(1, source):.2f} (code lines)"


def main():
    parser = argparse.ArgumentParser(description="checks the rules of the tree")
    parser.add_argument("--stats", action="store_true", help="also print figures on lengths and comments")
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("root", nargs="?", default=os.path.join(here, "..", ".."))
    options = parser.parse_args()
    began = time.monotonic()
    tree = Tree(os.path.realpath(options.root))
    breaches = check(tree)
    for breach in breaches:
        print(breach)
    if options.stats:
        print("\n".join(stats(tree)))
    took = time.monotonic() - began
    print(f"tidy: {len(breaches)} breaches, {len(tree.cxx)} C++ files, {len(RULES)} rules, {took:.1f} s")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
