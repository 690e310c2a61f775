"""Walls and arrows: which third-party library may be seen where, and which folder may include which."""

import re

from tree import Breach, CODE_ROOTS, is_test

_WIRE = r"controller/api/(http_|tls|certificate|connection|net_|listener|stream)"

# (name, pattern of the header, pattern of the paths that may include it, what to do instead). The first match decides.
WALLS = (
    ("spdlog", r"spdlog/", r"controller/base/", "log through controller/base/log.h"),
    ("prometheus-cpp", r"prometheus/", r"controller/base/", "count through controller/base/metrics.h"),
    ("fmt", r"fmt/", r"controller/base/", "format through controller/base"),
    ("tl::expected", r"tl/", r"controller/base/", "use controller/base/result.h"),
    ("JSON", r"nlohmann/json_fwd\.hpp$", r"", ""),
    ("JSON", r"nlohmann/", r".*\.cc$", "in a header include nlohmann/json_fwd.hpp or controller/object/value.h"),
    ("yaml-cpp", r"yaml-cpp/", r"controller/object/.*\.cc$", "parse and print through controller/object/value.h"),
    ("re2", r"re2/", r"controller/object/|controller/cel/.*\.cc$", "match through controller/object, in expressions controller/cel"),
    ("sqlite3", r"sqlite3", r"controller/store/|drivers/simulated/.*\.cc$", "store through controller/store/store.h"),
    # cpprestsdk hands its TLS settings out as Asio's type.
    ("asio's TLS context", r"boost/asio/ssl\.hpp$", _WIRE + r"|controller/runtime/rest_.*\.cc$", "wire code lives in controller/api"),
    (
        "asio, beast",
        r"boost/",
        _WIRE,
        "wire code lives in controller/api/http_server* and its neighbours (http_*, tls*, certificate*, connection*)",
    ),
    (
        "OpenSSL",
        r"openssl/",
        r"controller/api/((http_|tls|certificate|connection|net_)|.*\.cc$)|controller/(object|keys)/.*\.cc$|controller/git/tls_stream\.cc$|controller/runtime/rest_.*\.cc$",
        "keys and certificates live in controller/api (headers: tls*, certificate*, http_* only), digests in controller/object,"
        " encryption at rest in controller/keys",
    ),
    ("zlib", r"zlib\.h$", r"controller/api/.*\.cc$", "compress in controller/api"),
    ("cpprestsdk", r"(cpprest|pplx)/", r"controller/runtime/rest_.*\.cc$", "call out through controller/runtime/rest_transport.h"),
    # Kubernetes' binary form of documents; wire/ is what protoc makes of its messages.
    ("protobuf", r"(google/protobuf|wire)/", r"controller/protobuf/.*\.cc$", "convert through controller/protobuf/protobuf.h"),
    ("libvirt", r"libvirt/", r"drivers/libvirt/", "talk to hypervisors through drivers/machine_driver.h"),
    ("pugixml", r"pugi(xml|config)", r"drivers/libvirt/|drivers/ovf/.*\.cc$", "XML belongs to drivers/libvirt and drivers/ovf"),
    ("libgit2", r"git2(\.h$|/)", r"controller/git/.*\.cc$|controller/git/libgit2_[a-z_]+\.h$", "read repositories through controller/git/git_reader.h"),
    ("libpq", r"libpq-", r"controller/postgres/.*\.cc$", "keep the ledger through controller/store/shared_ledger.h"),
    ("CLI11", r"CLI/", r"controller/cli/.*\.cc$", "describe commands through controller/cli headers"),
    ("mimalloc", r"mimalloc", r"controller/(main\.cc|base/)", "the allocator is chosen in controller/main.cc"),
    ("GoogleTest", r"g(test|mock)/", r"(?!)", "tests live under tests/"),
)

_SYSTEM = re.compile(
    r"^([a-z_0-9]+|(sys|netinet|arpa|net|linux|bits|sanitizer)/.*"
    r"|(unistd|fcntl|signal|poll|pthread|dirent|fnmatch|netdb|crypt|grp|pwd|pty|spawn|termios|time|errno"
    r"|stdlib|string|stdio|stdint|stddef|ctype|limits|math|inttypes|getopt|dlfcn|sched|execinfo|cxxabi|syslog"
    r"|ifaddrs|malloc|assert|locale|float|setjmp|wchar|byteswap|endian|libgen|glob|ftw|link|ucontext)\.h)$"
)

# (layer, pattern of its paths, layers it may include besides itself). The first match decides; None = everything.
LAYERS = (
    ("main", r"controller/main\.cc$", None),
    ("base", r"controller/base/", ()),
    ("object", r"controller/object/", ("base",)),
    ("cel", r"controller/cel/", ("object", "base")),
    ("store", r"controller/store/", ("object", "base")),
    ("postgres", r"controller/postgres/", ("store", "object", "base")),  # beside the store: it links no PostgreSQL
    ("keys", r"controller/keys/", ("store", "object", "base")),  # beside the store: it links no cryptography
    ("protobuf", r"controller/protobuf/", ("object", "base")),
    ("git", r"controller/git/", ("object", "base")),
    ("webhooks", r"controller/webhooks/", ("store", "cel", "object", "base")),
    ("api", r"controller/api/", ("object", "store", "cel", "protobuf", "webhooks", "base")),
    ("local client", r"controller/runtime/local_client", ("runtime", "api", "object", "base")),
    ("runtime", r"controller/runtime/", ("object", "base")),
    ("cli", r"controller/cli/", ("main", "base", "object", "store", "postgres", "keys", "webhooks", "git", "api", "runtime", "local client")),
    ("crd types", r"crds/types/", ("object", "base")),
    ("simulated driver", r"drivers/simulated/", ("driver ports", "base")),
    ("libvirt driver", r"drivers/libvirt/", ("driver ports", "base")),
    ("images", r"drivers/images/", ("driver ports", "object", "base")),  # digests are controller/object's
    ("ovf", r"drivers/ovf/", ("images", "driver ports", "object", "base")),
    ("remote driver", r"drivers/remote/", ("driver ports", "runtime", "base")),
    ("driver ports", r"drivers/[^/]+$", ("base",)),
    ("reconcilers", r"reconcilers/", ("runtime", "git", "object", "crd types", "driver ports", "base")),
    ("tests", r"tests/", None),
)


def walls(tree):
    for path, file in tree.cxx.items():
        if is_test(path):
            continue
        for line, quoted, header in file.includes:
            if quoted and header.split("/")[0] in CODE_ROOTS:
                continue
            wall = next((w for w in WALLS if re.match(w[1], header)), None)
            if wall and not re.match(wall[2], path):
                yield Breach(path, line, "wall", f"{wall[0]} ({header}) is not allowed here: {wall[3]}")
            elif not wall and quoted:
                yield Breach(path, line, "include-path", f'write "{header}" relative to the root of the repository')
            elif not wall and not _SYSTEM.match(header):
                yield Breach(path, line, "wall", f"{header} belongs to no wall: give it one in {__name__}.py (WALLS)")


def arrows(tree):
    for path, file in tree.cxx.items():
        layer = _layer(path)
        if layer is None and path.split("/")[0] not in CODE_ROOTS:
            continue
        if layer is None:
            yield Breach(path, 1, "arrow", "this folder has no layer: see the tree in architecture.md, LAYERS in rules_includes.py")
            continue
        if layer[2] is None:
            continue
        for line, quoted, header in file.includes:
            target = _layer(header) if quoted else None
            if target and target[0] != layer[0] and target[0] not in layer[2]:
                allowed = ", ".join(layer[2]) or "nothing but std"
                yield Breach(path, line, "arrow", f"{layer[0]} must not include {target[0]} ({header}); it may include: {allowed}")


def no_cycles(tree):
    graph = {p: [(h, n) for n, q, h in f.includes if q and h in tree.cxx] for p, f in tree.cxx.items()}
    state = {}  # path -> 1 while on the stack, 2 when finished
    for start in graph:
        if start in state:
            continue
        state[start] = 1
        stack = [(start, iter(graph[start]))]
        while stack:
            path, edges = stack[-1]
            target, line = next(edges, (None, 0))
            if target is None:
                state[path] = 2
                stack.pop()
            elif state.get(target) == 1:
                names = [p for p, _ in stack]
                ring = names[names.index(target) :] + [target]
                yield Breach(path, line, "cycle", "includes go round: " + " -> ".join(ring) + "; split one of them")
            elif target not in state:
                state[target] = 1
                stack.append((target, iter(graph[target])))


def pragma_once(tree):
    for path, file in tree.cxx.items():
        if path.endswith(".h") and "#pragma once" not in file.code:
            yield Breach(path, 1, "pragma-once", "start the header with its comment and #pragma once")


def _layer(path):
    return next((layer for layer in LAYERS if re.match(layer[1], path)), None)


RULES = (walls, arrows, no_cycles, pragma_once)
