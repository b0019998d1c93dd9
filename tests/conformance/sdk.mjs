// The official TypeScript SDK as a client of `cofferdam mcp`: lists every tool, and calls some of them.
//
//     node sdk.mjs SUITE-DIRECTORY CALLS COFFERDAM ARGUMENT…
//
// CALLS is a JSON list of [tool, arguments, text that the answer holds]. The SDK holds results against output schemas.

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [suite, calls, command, ...args] = process.argv.slice(2);
const require = createRequire(pathToFileURL(join(suite, "package.json")));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = await load("@modelcontextprotocol/sdk/client/stdio.js");

const client = new Client({ name: "test", version: "0" });
const env = { ...process.env };
await client.connect(new StdioClientTransport({ command, args, env, stderr: "inherit" }));
const { tools } = await client.listTools();
for (const [name, input, part] of JSON.parse(calls)) {
  const result = await client.callTool({ name, arguments: input });
  const text = JSON.stringify(result);
  if (result.isError || !text.includes(part)) throw new Error(`${name}: \`${part}\` is not in ${text}`);
}
console.log(JSON.stringify(tools.map((tool) => tool.name)));
await client.close();
