// `util`: words for values, and comparisons.
(function (native, require, exports) {
  'use strict';

  const custom = Symbol.for('nodejs.util.inspect.custom');
  function inspect(value, options, ...rest) {
    if (typeof options === 'boolean') options = { showHidden: options, depth: rest[0] };
    return native.inspect(value, options);
  }
  inspect.custom = custom;
  inspect.defaultOptions = { depth: 2, breakLength: 80, compact: 3 };

  const tag = (value) => Object.prototype.toString.call(value).slice(8, -1);
  const is = (name) => (value) =>
    typeof value === 'object' && value !== null && tag(value) === name;
  const types = {
    isDate: (value) => value instanceof Date,
    isRegExp: (value) => value instanceof RegExp,
    isPromise: (value) => value instanceof Promise,
    isMap: (value) => value instanceof Map,
    isSet: (value) => value instanceof Set,
    isWeakMap: (value) => value instanceof WeakMap,
    isWeakSet: (value) => value instanceof WeakSet,
    isNativeError: (value) => value instanceof Error,
    isTypedArray: (value) => ArrayBuffer.isView(value) && !(value instanceof DataView),
    isUint8Array: (value) => value instanceof Uint8Array,
    isArrayBuffer: (value) => value instanceof ArrayBuffer,
    isAnyArrayBuffer: (value) => value instanceof ArrayBuffer,
    isDataView: (value) => value instanceof DataView,
    isBoxedPrimitive: (value) =>
      typeof value === 'object' &&
      value !== null &&
      ['Number', 'String', 'Boolean', 'BigInt', 'Symbol'].includes(tag(value)) &&
      typeof value.valueOf() !== 'object',
    isAsyncFunction: (value) => typeof value === 'function' && tag(value) === 'AsyncFunction',
    isGeneratorFunction: (value) =>
      typeof value === 'function' && tag(value) === 'GeneratorFunction',
    isGeneratorObject: is('Generator'),
  };

  // Returns true for values that are alike in all that they hold.
  function same(a, b, strict, open) {
    if (Object.is(a, b)) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
      return !strict && (a == b || (a !== a && b !== b));
    }
    if (strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    if (tag(a) !== tag(b) || Array.isArray(a) !== Array.isArray(b)) return false;
    if (open.some(([x, y]) => x === a && y === b)) return true;
    const inner = [...open, [a, b]];
    const equal = (x, y) => same(x, y, strict, inner);
    if (a instanceof Date && b instanceof Date && a.getTime() !== b.getTime()) return false;
    if (a instanceof RegExp && String(a) !== String(b)) return false;
    if (a instanceof Error && (a.message !== b.message || a.name !== b.name)) return false;
    if (types.isBoxedPrimitive(a) && !Object.is(a.valueOf(), b.valueOf())) return false;
    if (a instanceof Set) {
      if (a.size !== b.size) return false;
      for (const value of a) {
        if (!b.has(value) && ![...b].some((other) => equal(value, other))) return false;
      }
    }
    if (a instanceof Map) {
      if (a.size !== b.size) return false;
      for (const [key, value] of a) {
        const other = b.has(key) ? [key, b.get(key)] : [...b].find(([k]) => equal(key, k));
        if (!other || !equal(value, other[1])) return false;
      }
    }
    if (ArrayBuffer.isView(a) && !(a instanceof DataView)) {
      return a.length === b.length && a.every((value, at) => Object.is(value, b[at]));
    }
    const keys = (value) => [
      ...Object.keys(value),
      ...Object.getOwnPropertySymbols(value).filter(
        (key) => strict && Object.prototype.propertyIsEnumerable.call(value, key),
      ),
    ];
    const [left, right] = [keys(a), keys(b)];
    if (left.length !== right.length || a.length !== b.length) return false;
    return left.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
  }

  function promisify(work) {
    return (...rest) =>
      new Promise((resolve, reject) => {
        work(...rest, (error, value) => (error ? reject(error) : resolve(value)));
      });
  }
  promisify.custom = Symbol.for('nodejs.util.promisify.custom');
  const sleep = require('timers').promises.setTimeout;

  Object.assign(exports, {
    inspect,
    format: native.format,
    formatWithOptions: (options, ...rest) => native.format(...rest),
    isDeepStrictEqual: (a, b) => same(a, b, true, []),
    promisify: (work) => (work === setTimeout ? sleep : promisify(work)),
    callbackify:
      (work) =>
      (...rest) => {
        const done = rest.pop();
        work(...rest).then(
          (value) => native.tick(done, null, value),
          (error) => native.tick(done, error),
        );
      },
    deprecate: (work) => work,
    debuglog: () => () => {},
    inherits: (child, parent) => Object.setPrototypeOf(child.prototype, parent.prototype),
    stripVTControlCharacters: (text) => text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, ''),
    styleText: (style, text) => text,
    toUSVString: (text) => String(text).toWellFormed(),
    types,
    isArray: Array.isArray,
    parseArgs,
  });
  exports.promisify.custom = promisify.custom;
  Object.defineProperty(exports, 'same', { value: same });
  Object.defineProperty(exports, 'module', {
    value: { createRequire: () => globalThis.require, builtinModules: ['fs', 'path', 'util'] },
  });
  for (const name of ['TextEncoder', 'TextDecoder']) {
    Object.defineProperty(exports, name, { enumerable: true, get: () => globalThis[name] });
  }

  function parseArgs({
    args = process.argv.slice(2),
    options = {},
    allowPositionals = false,
    strict = true,
  } = {}) {
    const values = Object.create(null);
    const positionals = [];
    for (const [name, option] of Object.entries(options)) {
      if (option.default !== undefined) values[name] = option.default;
    }
    const short = (letter) => Object.keys(options).find((name) => options[name].short === letter);
    for (let at = 0; at < args.length; at++) {
      const arg = args[at];
      if (arg === '--') {
        positionals.push(...args.slice(at + 1));
        break;
      }
      if (!arg.startsWith('-') || arg === '-') {
        if (strict && !allowPositionals) throw new TypeError(`Unexpected argument '${arg}'`);
        positionals.push(arg);
        continue;
      }
      let [name, value] = arg.startsWith('--')
        ? arg.slice(2).split(/=(.*)/s)
        : [short(arg[1]) ?? arg[1], arg.slice(2) || undefined];
      const option = options[name];
      if (strict && !option) throw new TypeError(`Unknown option '${arg}'`);
      if (option?.type === 'string') value ??= args[++at];
      else value = true;
      if (option?.multiple)
        (values[name] = Object.hasOwn(values, name) ? values[name] : []).push(value);
      else values[name] = value;
    }
    return { values, positionals };
  }
});
