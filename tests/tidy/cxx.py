"""A small reader of C++ text for the tidy rules: what is comment, what is code, where functions and types are.

It is a heuristic and not a parser: it knows comments, strings, raw strings, digit separators, preprocessor
lines and braces, which is enough to measure shapes and find words without building anything.
"""

import bisect
import re

_TOKENS = re.compile(
    r"""(?P<number>(?<![\w.])\d(?:'?[\w.])*)"""
    r"""|(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))"""
    r"""|(?P<raw>\b(?:u8|[uUL])?R"(?P<fence>[^\s()\\]{0,16})\(.*?\)(?P=fence)")"""
    r"""|(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.S,
)
_NOT_NEWLINE = re.compile(r"[^\n]")
_PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)
_TYPE_HEAD = re.compile(r"^(?:typedef\s+)?(class|struct|enum|union)\b")
_TEMPLATE = re.compile(r"^(?:template\s*<.*?>\s*(?=(?:template|class|struct|enum|union|requires|\w))|\[\[[^\]]*\]\]\s*)+", re.S)
_TYPE_NAME = re.compile(r"^(?:enum\s+)?(?:class|struct|enum|union)\s+(?:alignas\s*\([^)]*\)\s*|\[\[[^\]]*\]\]\s*)*([\w:]+)")
_LAMBDA = re.compile(r"=\s*\[[^\]]*\]\s*(?:<[^>]*>\s*)?(?:\(\)|mutable|noexcept|->[^={]*|\s)*$")


def _blank(text):
    return _NOT_NEWLINE.sub(" ", text)


class Span:
    """A function or a type: its name, where its head starts, first and last line, and its body text."""

    def __init__(self, name, line, last_line, body):
        self.name, self.line, self.last_line, self.body = name, line, last_line, body

    @property
    def lines(self):
        return self.last_line - self.line + 1


class Cxx:
    """One C++ file. `code` and `comments` have the same offsets and lines as `raw`, the other part blanked."""

    def __init__(self, path, raw):
        self.path, self.raw = path, raw
        self.code, self.comments = _split(raw)
        self.includes = [
            (self._line(raw, m.start(2)), m.group(1) == '"', m.group(2))
            for m in _INCLUDE.finditer(raw)
            if self.code[m.start() : m.end()].lstrip().startswith("#")
        ]
        self.functions, self.types = [], []
        self._scan(_PREPROCESSOR.sub(lambda m: _blank(m.group()), self.code))

    def _line(self, text, offset):
        if not hasattr(self, "_starts"):
            self._starts = [0] + [m.end() for m in re.finditer(r"\n", text)]
        return bisect.bisect_right(self._starts, offset)

    def line_of(self, offset):
        return self._line(self.raw, offset)

    def _scan(self, text):
        """Walks the braces; only file, namespace and class scope are looked at, bodies are skipped whole."""
        scopes = []  # of (kind, name, line of head, offset of body)
        head, paren, skip = 0, 0, 0
        kind_of_skipped = ("", "", 0, 0)
        for match in re.finditer(r"[{}();]|(?<!:):(?!:)", text):
            char, at = match.group(), match.start()
            if skip:
                skip += (char == "{") - (char == "}")
                if skip == 0:
                    head = self._leave(kind_of_skipped, text, at, head)
            elif char == "(":
                paren += 1
            elif char == ")":
                paren = max(0, paren - 1)
            elif char == "{":
                kind, name = _classify(text[head:at], paren)
                start = self.line_of(head + len(text[head:at]) - len(text[head:at].lstrip()))
                if kind in ("namespace", "type"):
                    scopes.append((kind, name, start, at + 1, all(s[0] == "namespace" for s in scopes)))
                    head = at + 1
                else:
                    kind_of_skipped, skip = (kind, name, start, at + 1), 1
            elif char == "}" and paren == 0:
                if scopes:
                    self._close(scopes.pop(), text, at)
                head = at + 1
            elif char == ";" and paren == 0:
                head = at + 1
            elif char == ":" and re.search(r"\b(public|private|protected)\s*$", text[head:at]):
                head = at + 1

    def _leave(self, skipped, text, at, head):
        kind, name, line, body = skipped
        if kind == "function":
            self.functions.append(Span(name, line, self.line_of(at), text[body:at]))
        # A braced initialiser belongs to a longer head: `Foo::Foo() : a_{1} {` or `int x{3};`.
        return at + 1 if kind == "function" else head

    def _close(self, scope, text, at):
        kind, name, line, body, at_namespace_scope = scope
        if kind == "type":
            span = Span(name, line, self.line_of(at), text[body:at])
            span.at_namespace_scope = at_namespace_scope
            self.types.append(span)


def _split(raw):
    """Returns (code, comments): comments and literal contents blanked out, respectively only comments kept."""
    code, comments, last = [], [], 0
    for match in _TOKENS.finditer(raw):
        between = raw[last : match.start()]
        code.append(between)
        comments.append(_blank(between))
        text, kind = match.group(), match.lastgroup
        kind = "raw" if kind == "fence" else kind
        if kind == "number":
            code.append(text.replace("'", "_"))
            comments.append(_blank(text))
        elif kind == "comment":
            code.append(_blank(text))
            comments.append(text)
        else:
            keep = _is_include(raw, match.start())
            code.append(text if keep else text[0] + _blank(text[1:-1]) + text[-1])
            comments.append(_blank(text))
        last = match.end()
    code.append(raw[last:])
    comments.append(_blank(raw[last:]))
    return "".join(code), "".join(comments)


def _is_include(raw, at):
    return raw[raw.rfind("\n", 0, at) + 1 : at].lstrip().startswith("#")


def _classify(head, paren):
    """What does `{` after this head open? namespace, type, function or init (anything else in braces)."""
    head = head.strip()
    if paren:
        return "init", ""
    bare = _TEMPLATE.sub("", head)
    if re.match(r"(inline\s+)?namespace\b", bare) or re.fullmatch(r'extern\s*"[^"]*"', bare):
        return "namespace", ""
    flat = _flatten(bare)
    if _TYPE_HEAD.match(bare) and "(" not in re.sub(r"(alignas|decltype)\s*\(\)", "", flat) and "=" not in flat:
        name = _TYPE_NAME.match(bare)
        return "type", name.group(1) if name else ""
    without_operator = re.sub(r"\boperator\s*(\(\s*\)|[^\s(\w]+|\w+)", "operator_", flat)
    if "(" not in without_operator:
        return ("function", _name(flat)) if _LAMBDA.search(flat) else ("init", "")
    if re.search(r"(?<![<>=!])=(?!=)", without_operator):
        return ("function", _name(flat)) if _LAMBDA.search(flat) else ("init", "")
    colon = re.search(r"\)\s*(?:noexcept\s*(?:\(\))?\s*)?(?<!:):(?!:)", flat)
    if colon and re.search(r"[\w>]\s*$", flat) and not re.search(r"\}\s*$", head):
        return "init", ""
    return "function", _name(without_operator)


def _flatten(head):
    """The head with the contents of (), <> and {} groups taken out, so that only its own level is seen."""
    out, depth = [], 0
    for char in head:
        if char in ")}":
            depth = max(0, depth - 1)
        if depth == 0:
            out.append(char)
        if char in "({":
            depth += 1
    flat = "".join(out)
    previous = None
    while previous != flat:
        previous, flat = flat, re.sub(r"<[^<>()=]*>", "", flat)
    return flat


def _name(flat):
    match = re.search(r"([\w:~]+)\s*\(", flat) or re.search(r"(\w+)\s*=", flat)
    return match.group(1) if match else "?"
