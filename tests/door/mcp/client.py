"""An MCP client from PyPI: client.py SERVER ACTION [ARGUMENT…]. Prints JSON, or a line of JSON for each thing that happens.

SERVER is JSON: {"command": […], "env": {…}} or {"url": "…", "token": "…"}; "mode" says how the version is negotiated.
"""

import asyncio
import json
import sys

import anyio
import httpx2
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

PATIENCE = 120  # seconds for everything; a server that hangs fails the test instead of stopping it

server, action, *arguments = json.loads(sys.argv[1]), *sys.argv[2:]


def client(**options):
    options |= {"mode": server.get("mode", "auto"), "read_timeout_seconds": PATIENCE}
    if "command" in server:
        program, *args = server["command"]
        return Client(StdioServerParameters(command=program, args=args, env=server.get("env")), **options)
    headers = {"authorization": f"Bearer {server['token']}"}
    http = httpx2.AsyncClient(headers=headers, timeout=PATIENCE)
    return Client(streamable_http_client(server["url"], http_client=http), **options)


def shown(result):
    return {
        "text": "".join(block.text for block in result.content),
        "structured": result.structured_content,
        "failed": result.is_error,
        "meta": result.meta,
    }


def say(value):
    print(json.dumps(value), flush=True)


async def names(connected):
    return [tool.name for tool in (await connected.list_tools(cache_mode="refresh")).tools]


async def about(connected):
    tools = (await connected.list_tools()).tools
    say({
        "version": connected.protocol_version,
        "server": connected.server_info.name,
        "tools": {tool.name: tool.model_dump(by_alias=True, mode="json", exclude_none=True) for tool in tools},
    })


async def call(connected, name, text, meta="null"):
    heard = []

    async def progress(done, total, message):
        heard.append([done, total, message])

    try:
        result = await connected.call_tool(name, json.loads(text), progress_callback=progress, meta=json.loads(meta))
        say(shown(result) | {"progress": heard})
    except MCPError as error:
        say({"code": error.error.code, "message": error.error.message})


async def cancel(connected, name, text, then, then_text, part="was called"):
    """Cancels a call as soon as its progress says PART, and makes another one."""
    heard = []
    async with anyio.create_task_group() as group:

        async def progress(done, total, message):
            heard.append([done, total, message])
            if part in (message or ""):
                group.cancel_scope.cancel()

        group.start_soon(lambda: connected.call_tool(name, json.loads(text), progress_callback=progress))
    say(shown(await connected.call_tool(then, json.loads(then_text))) | {"progress": heard})


async def changes(connected, count):
    """Tells the tools, and tells them again each time the server says that they have changed."""
    say(await names(connected))
    if connected.protocol_version >= "2026-07-28":
        async with connected.listen(tools_list_changed=True) as subscription:
            say("listening")
            async for _ in subscription:
                say(await names(connected))
                if (count := int(count) - 1) == 0:
                    return
    say("listening")
    for _ in range(int(count)):
        await changed.wait()
        changed.clear()
        say(await names(connected))


async def main():
    async def heard(message):
        if getattr(message, "method", "") == "notifications/tools/list_changed":
            changed.set()

    with anyio.fail_after(PATIENCE):
        async with client(message_handler=heard) as connected:
            await {"about": about, "call": call, "cancel": cancel, "changes": changes}[action](connected, *arguments)


changed = asyncio.Event()
asyncio.run(main())
