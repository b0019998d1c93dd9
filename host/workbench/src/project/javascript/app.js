// The tool: one function for each that tool.wit exports, its name in camel case.

export function greet(name) {
  const trimmed = name.trim();
  if (trimmed === "") {
    // What is thrown is the error of the WIT `result`.
    throw "name is blank";
  }
  return `Hello, ${trimmed}!`;
}
