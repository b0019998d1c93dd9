// Runs the official MCP conformance suite against `cofferdam mcp --listen` and writes the table of its results.
//
//     node run.mjs COFFERDAM COMPONENT SUITE-DIRECTORY RESULTS.md
//
// The suite sends no token, so a proxy stands between that adds one. It also rewrites its own Host and Origin to those of
// the server; any others pass as they are, because the server has to refuse them.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const REQUIREMENTS = "2026-07-28";
const TOKEN = "conformance-suite-token";

// What this server does not do, by the names of scenarios, and why. Of the first ones only some checks may fail.
const ABSENT = [
  [/^server-stateless$/, "tools ask their clients for nothing, so none needs a capability of a client", /-capability/],
  [/^caching$/, "this server offers tools alone; the hints of tools are there", /-(prompts|resources)-/],
  [/^(resources|prompts|completion|sep-2164)/, "this server offers tools alone: no resources, prompts or completions"],
  [/^(logging|tools-call-with-logging)/, "what a tool logs is for the operator, and no client reads it"],
  [/^(tools-call-sampling|tools-call-elicitation|elicitation|input-required-result)/,
    "a tool runs in a sandbox to its end, and asks its client for nothing"],
  [/^tasks/, "calls are answered as they end; there are no tasks"],
  [/^json-schema-2020-12/,
    "schemas are handed on in the dialect that every client reads, without `$defs`, `$ref` and `if`; the host checks the author's own"],
];

const [binary, component, suite, results] = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), "cofferdam-conformance-"));

const server = spawn(binary, ["mcp", "--listen", "127.0.0.1:0", component], {
  env: { ...process.env, COFFERDAM_DATA_DIR: join(scratch, "data"), COFFERDAM_TOKEN: TOKEN },
  stdio: ["ignore", "ignore", "pipe"],
});

const address = await new Promise((resolve, reject) => {
  server.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  createInterface({ input: server.stderr }).on("line", (line) => {
    const found = /listening on http:\/\/([^/]+)\//.exec(line);
    if (found) resolve(found[1]);
    else process.stderr.write(`${line}\n`);
  });
});
const [host, port] = address.split(":");

const proxy = http.createServer((request, response) => {
  const headers = { ...request.headers, authorization: `Bearer ${TOKEN}` };
  const self = ["127.0.0.1", "localhost"].map((name) => `${name}:${own.split(":")[1]}`);
  if (self.includes(headers.host)) headers.host = address;
  if (self.some((name) => headers.origin === `http://${name}`)) headers.origin = `http://${address}`;
  const outer = http.request({ host, port, method: request.method, path: request.url, headers }, (inner) => {
    response.writeHead(inner.statusCode, inner.headers);
    inner.pipe(response);
  });
  outer.on("error", () => response.destroy());
  response.on("close", () => outer.destroy());
  request.pipe(outer);
});
await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
const own = `127.0.0.1:${proxy.address().port}`;

function suiteRun(args) {
  return new Promise((resolve) => {
    const command = [join(suite, "node_modules/@modelcontextprotocol/conformance/dist/index.js"), ...args];
    const ran = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    ran.stdout.on("data", (data) => (output += data));
    ran.on("close", () => resolve(output));
  });
}

const listed = await suiteRun(["list", "--server", "--requirements", REQUIREMENTS]);
// Those that are required, and after those of clients, the ones that are not scored yet.
const required = listed.split("Client scenarios")[0].matchAll(/^\s*-\s+(\S+)/gm);
const pending = (listed.split("pending (")[1] ?? "").matchAll(/^\s*-\s+(\S+) \[server\]/gm);
const scenarios = [...required, ...pending].map((match) => match[1]);
const rows = [];
let wrong = 0;
for (const scenario of scenarios) {
  const output = join(scratch, "results", scenario);
  await suiteRun(["server", "--url", `http://${own}/mcp`, "--scenario", scenario, "--spec-version", REQUIREMENTS,
    "--output-dir", output]);
  const files = readdirSync(output, { recursive: true }).filter((name) => name.endsWith("checks.json"));
  const checks = files.flatMap((name) => JSON.parse(readFileSync(join(output, name), "utf8")));
  const of = (status) => checks.filter((check) => check.status === status);
  const failed = of("FAILURE");
  const counts = `${of("SUCCESS").length} of ${of("SUCCESS").length + failed.length}`;
  const passes = failed.length === 0 && of("SUCCESS").length > 0;
  const [, why, which] = ABSENT.find(([names]) => names.test(scenario)) ?? [];
  const known = why && failed.every((check) => !which || which.test(check.id));
  const reason = passes ? "" : known ? why : "**not known**";
  if (!passes && !known) {
    wrong += 1;
    console.error(`${scenario}: fails`);
    for (const check of failed) console.error(`  ${check.id}: ${check.errorMessage}`);
  }
  rows.push(`| \`${scenario}\` | ${passes ? "passes" : "fails"} | ${counts} | ${reason} |`);
}

const version = JSON.parse(readFileSync(join(suite, "package.json"), "utf8")).dependencies[
  "@modelcontextprotocol/conformance"];
writeFileSync(results, `# The official MCP conformance suite

Made by \`./just conformance\`: the server scenarios that ${REQUIREMENTS} requires, of
\`@modelcontextprotocol/conformance\` ${version}, against \`cofferdam mcp --listen\`.

| scenario | result | checks | why it fails |
|---|---|---|---|
${rows.join("\n")}
`);

proxy.close();
proxy.closeAllConnections();
server.removeAllListeners("exit");
const ended = new Promise((resolve) => server.once("exit", resolve));
server.kill("SIGINT");
await ended;
rmSync(scratch, { recursive: true, force: true });
process.exit(wrong === 0 ? 0 : 1);
