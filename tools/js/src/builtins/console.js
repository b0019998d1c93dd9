// `console`: what counts, measures and draws tables.
(function (native, require, exports) {
  'use strict';

  const counts = new Map();
  const times = new Map();
  const warn = (...rest) => console.error(...rest);

  function time(label) {
    const passed = native.elapsed() - times.get(label);
    return passed >= 1000 ? `${(passed / 1000).toFixed(3)}s` : `${Number(passed.toFixed(3))}ms`;
  }

  const width = (text) => [...text].length;
  function draw(head, rows) {
    const widths = head.map(
      (title, column) => Math.max(width(title), ...rows.map((row) => width(row[column]))) + 2,
    );
    const cell = (text, column) => ` ${text}${' '.repeat(widths[column] - width(text) - 1)}`;
    const line = (left, middle, right) =>
      left + widths.map((w) => '─'.repeat(w)).join(middle) + right;
    const row = (cells) => `│${cells.map(cell).join('│')}│`;
    return [
      line('┌', '┬', '┐'),
      row(head),
      line('├', '┼', '┤'),
      ...rows.map(row),
      line('└', '┴', '┘'),
    ].join('\n');
  }
  const show = (value) =>
    native.inspect(value, {
      depth:
        typeof value === 'object' &&
        value !== null &&
        !Array.isArray(value) &&
        Object.keys(value).length > 2
          ? -1
          : 0,
      maxArrayLength: 3,
      breakLength: Infinity,
    });

  exports.table = (data, properties) => {
    if (typeof data !== 'object' || data === null) return console.log(data);
    const isMap = data instanceof Map;
    const isSet = data instanceof Set;
    const index = isMap || isSet ? '(iteration index)' : '(index)';
    const entries = isMap
      ? [...data].map(([key, value], at) => [at, value, key])
      : isSet
        ? [...data].map((value, at) => [at, value])
        : Object.entries(data);
    const columns = [];
    const table = [];
    let values = false;
    for (const [key, value, mapKey] of entries) {
      const row = new Map();
      const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
      if (isMap || !isObject) {
        values = true;
      } else {
        for (const name of properties ?? Object.keys(value)) {
          if (!columns.includes(name)) columns.push(name);
          if (Object.hasOwn(value, name)) row.set(name, show(value[name]));
        }
      }
      table.push({ key: String(key), row, value, mapKey, plain: isMap || !isObject });
    }
    const head = [
      index,
      ...(isMap ? ['Key'] : []),
      ...columns.map(String),
      ...(values ? ['Values'] : []),
    ];
    const rows = table.map(({ key, row, value, mapKey, plain }) => [
      key,
      ...(isMap ? [show(mapKey)] : []),
      ...columns.map((name) => row.get(name) ?? ''),
      ...(values ? [plain ? show(value) : ''] : []),
    ]);
    console.log(draw(head, rows));
  };
  exports.count = (label = 'default') => {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    console.log(`${label}: ${counts.get(label)}`);
  };
  exports.countReset = (label = 'default') => {
    counts.delete(label);
  };
  exports.time = (label = 'default') => {
    times.set(label, native.elapsed());
  };
  exports.timeLog = (label = 'default', ...rest) => {
    if (times.has(label)) console.log(`${label}: ${time(label)}`, ...rest);
  };
  exports.timeEnd = (label = 'default') => {
    if (times.has(label)) console.log(`${label}: ${time(label)}`);
    times.delete(label);
  };
  exports.assert = (value, ...rest) => {
    if (value) return;
    if (typeof rest[0] === 'string') rest[0] = `Assertion failed: ${rest[0]}`;
    else rest.unshift('Assertion failed');
    warn(...rest);
  };
  exports.trace = (...rest) => {
    const places = new Error().stack.split('\n').filter((line) => line.startsWith('    at '));
    warn(`Trace${rest.length ? ': ' : ''}${native.format(...rest)}\n${places.join('\n')}`);
  };
  exports.dirxml = (...rest) => console.log(...rest);
});
