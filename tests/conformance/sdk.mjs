// The official TypeScript SDK as a client of `cofferdam mcp`, driven by lines of JSON.
//
//     node sdk.mjs SUITE-DIRECTORY COFFERDAM ARGUMENT…
//
// Its first line says the version and lists the tools. Every line on standard input, {"name", "arguments"}, becomes a call
// and is answered by a line with its result, or with the `problem` of this client. The SDK holds results against output
// schemas.

import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [suite, command, ...args] = process.argv.slice(2);
const require = createRequire(pathToFileURL(join(suite, "package.json")));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = await load("@modelcontextprotocol/sdk/client/stdio.js");

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const transport = new StdioClientTransport({ command, args, env: { ...process.env }, stderr: "inherit" });
let version;
transport.setProtocolVersion = (chosen) => (version = chosen);
const client = new Client({ name: "test", version: "0" });
client.onerror = (error) => say({ problem: String(error) });
await client.connect(transport);
const { tools } = await client.listTools();
say({ version, tools });
for await (const line of createInterface({ input: process.stdin })) {
  // The first call of a tool may have to wait until it is compiled.
  const options = { timeout: 300_000 };
  say(await client.callTool(JSON.parse(line), undefined, options).catch((error) => ({ problem: String(error) })));
}
await client.close();
