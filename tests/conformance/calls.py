"""The calls of every tool that ships, made from its cases, and the answers that fit them.

A case (tools/README.md#cases) becomes a call of an MCP client if it needs nothing that such a
client cannot give: no variable, no secret, no limits of its own, no standard input but text.
"""

import base64
import json
import pathlib
import re
import shutil
import tomllib

# The media types that a result may have instead of text have this key in their block.
DATA = ("data", "blob")

# The key of the receipt in `_meta`.
RECEIPT = "cofferdam/receipt"


class Call:
    """One call of one tool."""

    def __init__(self, tool, case, web):
        self.tool = tool
        self.case = case
        self.expect = case.get("expect", {})
        self.succeeds = (self.expect.get("outcome", "ok") == "ok"
                         and self.expect.get("exit", 0) == 0)
        self.name = tool if "tool" not in case else f"{tool}_{case['tool']}"
        if "input" in case:
            self.arguments = case["input"]
        else:
            text = json.dumps(case.get("args", []))
            for url in case.get("http", {}):
                text = text.replace(origin(url), web)
            self.arguments = {"args": json.loads(text)}
            if "stdin" in case:
                self.arguments["stdin"] = case["stdin"]

    def lay_out(self, workspace):
        """Makes the files of the case, and nothing else, in the directory that tools see."""
        for entry in workspace.iterdir():
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        for name, content in self.case.get("files", {}).items():
            path = workspace / name
            if content is None:
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(to_bytes(content))

    def is_exact(self):
        """Returns true if every answer to this call is the same: the case knows it."""
        output = self.expect.get("stdout")
        known = isinstance(output, dict) and "pattern" not in output or isinstance(output, str)
        return known and self.succeeds

    def problem(self, result, workspace):
        """Says what is wrong with the answer to this call; nothing if it is what the case expects."""
        if bool(result.get("isError")) == self.succeeds:
            return f"isError is {result.get('isError')}: {result}"
        outcome = result.get("_meta", {}).get(RECEIPT, {}).get("outcome", {}).get("name")
        expected = self.expect.get("outcome", "ok" if self.succeeds else "guest-error")
        if outcome != expected:
            return f"the outcome is {outcome}, not {expected}: {result}"
        found = output_of(result)
        if self.succeeds:
            problem = self.wrong_output(result, found)
        else:
            problem = self.wrong_failure(found)
        return problem or self.wrong_file(workspace)

    def wrong_output(self, result, found):
        expected = self.expect.get("stdout")
        if expected == "":
            fits = found.startswith(b"(exit 0, no ")
        elif isinstance(expected, dict) and "json" in expected and "structuredContent" in result:
            fits = holds(result["structuredContent"], expected["json"])
        else:
            fits = expected is None or matches(found, expected)
        return None if fits else f"the output is {found}, not {expected}"

    def wrong_failure(self, found):
        if not found.startswith(b"execution error: "):
            return f"the failure is {found}"
        for name in ("stderr", "stdout"):
            expected = self.expect.get(name)
            _, _, output = found.partition(f"\n{name}:\n".encode())
            # The lines at its end are told without the last newline.
            if expected and not matches(output + b"\n", expected, begins=True):
                return f"{name} is {output}, not {expected}"
        return None

    def wrong_file(self, workspace):
        for name, expected in self.expect.get("files", {}).items():
            path = workspace / name
            if expected is None and (path.exists() or path.is_symlink()):
                return f"the file {name} is there"
            if expected is not None and not matches(path.read_bytes(), expected):
                return f"the file {name} is {path.read_bytes()}, not {expected}"
        return None


def origin(url):
    """Returns the scheme and the host of a URL."""
    return "/".join(url.split("/")[:3])


def to_bytes(content):
    """Returns the bytes of a text or of {"base64": …}."""
    return content.encode() if isinstance(content, str) else base64.b64decode(content["base64"])


def output_of(result):
    """Returns the text of a result, or the bytes of one that is no text."""
    output = b""
    for block in result["content"]:
        block = block.get("resource", block)
        data = next((block[key] for key in DATA if key in block), None)
        output += block["text"].encode() if data is None else base64.b64decode(data)
    return output


def matches(found, expected, begins=False):
    """Returns true if bytes are what a case expects; what the host adds is a line after them."""
    if isinstance(expected, dict) and "pattern" in expected:
        return re.search(expected["pattern"].encode(), found, re.MULTILINE) is not None
    if isinstance(expected, dict) and "json" in expected:
        return holds(json.loads(found), expected["json"])
    exact = to_bytes(expected)
    return found == exact or found.startswith(exact + b"\n[") or begins and found.startswith(exact)


def holds(found, expected):
    """Returns true if JSON has at least what is expected of it."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return all(key in found and holds(found[key], expected[key]) for key in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(found) == len(expected) and all(map(holds, found, expected))
    return found == expected


def is_possible(case, manifest):
    """Returns true if an MCP client can make the call of a case."""
    if case["name"].startswith("hostile: ") or {"env", "secrets", "limits"} & case.keys():
        return False
    if "http" in case:
        # The server of the case is on loopback, which is granted to tools that name no hosts.
        hosts = [rule["host"] for rule in manifest.get("http", [])]
        urls = all(url.startswith("http://") for url in case["http"])
        return hosts == ["*"] and urls and case.get("expect", {}).get("outcome", "ok") == "ok"
    return isinstance(case.get("stdin", ""), str)


def best_first(call):
    """Sorts a call that succeeds with a text that is known before those that say less."""
    output = call.expect.get("stdout")
    return (not call.succeeds, not output, not isinstance(output, str))


def read(tools, web):
    """Returns the calls of each tool in a directory, by the tool's name, the one that says most first.

    `web` is the origin of the server that answers as the cases say.
    """
    calls = {}
    for path in sorted(pathlib.Path(tools).glob("*/capabilities.toml")):
        manifest = tomllib.loads(path.read_text())
        tool = manifest["tool"]["name"]
        cases = []
        for file in sorted(path.parent.glob("cases/*.json")):
            written = json.loads(file.read_text())
            cases += written if isinstance(written, list) else [written]
        possible = [Call(tool, case, web) for case in cases if is_possible(case, manifest)]
        if not possible:
            raise SystemExit(f"no case of {path.parent} can be called by an MCP client: add one "
                             "without `env`, `secrets` and `limits`")
        calls[tool] = sorted(possible, key=best_first)
    return calls
