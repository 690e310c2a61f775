"""Requests as a client without a library makes them, and their answers in the form of the recordings."""

import http.client
import json
import re
import ssl
import time

JSON = "application/json"
TIMEOUT_S = 60
REPEATS = 10
# Of a connection, of one exchange, or of a body's length; kube-apiserver's own flow control.
NOT_COMPARED = {"audit-id", "cache-control", "connection", "content-length", "date", "transfer-encoding", "warning",
                "x-kubernetes-pf-flowschema-uid", "x-kubernetes-pf-prioritylevel-uid"}


class Asker:
    """Asks one server, and keeps the answers by title."""

    def __init__(self, server, people):
        """`people` are names with a group and a UID each; a name that is not among them has a token that nobody knows."""
        self.address, self.tokens, self.answers = server.listen, {}, {}
        for name, (group, uid) in people.items():
            made = server.charter("token", "create", "--user", name, "--group", group, "--uid", uid)
            assert made.returncode == 0, made.stderr
            self.tokens[name] = made.stdout.strip()

    def __call__(self, title, method, url, body=None, sends=JSON, accept=JSON, who="admin", **headers):
        with self.exchange(method, url, body, sends, accept, who, headers) as response:
            content = response.read()
        if title is not None:
            self.keep(title, self.head(response) | {"body": self.shown(response, content)})
        else:
            assert response.status < 400 or response.status == 404, f"{method} {url}: {response.status} {content.decode()}"
        try:
            return json.loads(content)
        except ValueError:
            return None

    def exchange(self, *request):
        """The answer; a server with too much to do is asked again when it said, as clients do."""
        response = self.attempt(*request)
        for _ in range(REPEATS):
            if response.status != http.HTTPStatus.TOO_MANY_REQUESTS:
                break
            response.close()
            time.sleep(int(response.headers["Retry-After"]))
            response = self.attempt(*request)
        return response

    def attempt(self, method, url, body, sends, accept, who, headers):
        connection = http.client.HTTPSConnection(self.address, context=ssl._create_unverified_context(), timeout=TIMEOUT_S)
        headers = {"Accept": accept, "Connection": "close", **headers}  # then the response owns the socket
        if who is not None:
            headers["Authorization"] = f"Bearer {self.tokens.get(who, 'unknown')}"
        if body is not None:
            headers["Content-Type"] = sends
            body = body if isinstance(body, str) else json.dumps(body)
        connection.request(method, url, body, headers)
        return connection.getresponse()

    @staticmethod
    def head(response):
        answer = {"status": response.status,
                  "headers": {name.lower(): value for name, value in response.getheaders() if name.lower() not in NOT_COMPARED}}
        warnings = response.headers.get_all("Warning")
        return answer | ({"warnings": warnings} if warnings else {})

    @staticmethod
    def shown(response, content):
        """The body as the recording has it: JSON, printable parts of protobuf, or text."""
        if "protobuf" in response.headers.get("Content-Type", ""):
            return {"printable": [part.decode() for part in re.findall(rb"[ -~]{4,}", content)]}
        text = content.decode()
        return json.loads(text) if text.startswith("{") else text.rstrip()

    def keep(self, title, answer):
        assert title not in self.answers, f"asked twice: {title}"
        self.answers[title] = answer

    def fact(self, title, **body):
        self.keep(title, {"body": body})

    def status(self, method, url):
        with self.exchange(method, url, None, JSON, JSON, "admin", {}) as response:
            response.read()
        return response.status

    def header(self, title, name):
        return self.answers[title]["headers"][name]

    def watch(self, title, url, accept=JSON):
        """Opens a watch; what it returns reads it to its end."""
        response = self.exchange("GET", url, None, JSON, accept, "admin", {})

        def read():
            with response:
                parts = [json.loads(line) for line in response]
            self.keep(title, self.head(response) | ({"events": parts} if response.status == 200 else {"body": parts[0]}))

        return read
