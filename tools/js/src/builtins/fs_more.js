// The parts of `fs` that fewer scripts use.
(function (native, require, exports) {
  'use strict';

  const name = (path) => {
    if (typeof path === 'string' || typeof path === 'number') return path;
    if (path?.protocol === 'file:') return decodeURIComponent(path.pathname);
    if (ArrayBuffer.isView(path)) return String(path);
    const error = new TypeError('The "path" argument must be of type string');
    error.code = 'ERR_INVALID_ARG_TYPE';
    throw error;
  };
  const encodingOf = (options) => (typeof options === 'string' ? options : options?.encoding);

  function fail(code, sentence, call, path) {
    const error = new Error(`${code}: ${sentence}, ${call} '${path}'`);
    return Object.assign(error, { errno: -2, code, syscall: call, path: String(path) });
  }

  const { readFileSync, existsSync } = require('fs');
  const appendFileSync = (path, value, options) =>
    native.writeFile(name(path), data(value, options), true);

  function data(value, options) {
    const encoding = encodingOf(options);
    if (typeof value === 'string' && encoding && !/^utf-?8$/i.test(encoding)) {
      return native.encode(value, encoding);
    }
    if (typeof value === 'string' || ArrayBuffer.isView(value)) return value;
    const error = new TypeError(
      'The "data" argument must be of type string or an instance of ' +
        `Buffer, TypedArray, or DataView. Received ${native.inspect(value)}`,
    );
    error.code = 'ERR_INVALID_ARG_TYPE';
    throw error;
  }

  function writeFileSync(path, value, options) {
    const flag = options?.flag ?? 'w';
    if (flag.includes('x') && native.stat(name(path), true)) {
      throw fail('EEXIST', 'file already exists', 'open', path);
    }
    native.writeFile(name(path), data(value, options), flag.startsWith('a'));
  }
  class Stats {
    constructor(facts) {
      Object.defineProperty(this, 'type', { value: facts.type, enumerable: false });
      this.size = facts.size;
      this.mode = facts.type === 'directory' ? 0o40755 : 0o100644;
      this.mtimeMs = facts.mtimeMs;
      this.atimeMs = facts.atimeMs;
      this.ctimeMs = facts.mtimeMs;
      this.birthtimeMs = facts.birthtimeMs;
      this.atime = new Date(facts.atimeMs);
      this.mtime = new Date(facts.mtimeMs);
      this.ctime = new Date(facts.mtimeMs);
      this.birthtime = new Date(facts.birthtimeMs);
    }
    isFile() {
      return this.type === 'file';
    }
    isDirectory() {
      return this.type === 'directory';
    }
    isSymbolicLink() {
      return this.type === 'link';
    }
    isFIFO() {
      return false;
    }
    isSocket() {
      return false;
    }
    isBlockDevice() {
      return false;
    }
    isCharacterDevice() {
      return false;
    }
  }

  function look(path, options, follow) {
    const facts = native.stat(name(path), follow);
    if (facts) return new Stats(facts);
    if (options?.throwIfNoEntry === false) return undefined;
    throw fail('ENOENT', 'no such file or directory', follow ? 'stat' : 'lstat', path);
  }
  const statSync = (path, options) => look(path, options, true);
  const lstatSync = (path, options) => look(path, options, false);

  function accessSync(path) {
    if (!native.stat(name(path), true)) {
      throw fail('ENOENT', 'no such file or directory', 'access', path);
    }
  }

  class Dirent {
    constructor(name, parent, type) {
      this.name = name;
      this.parentPath = parent;
      this.path = parent;
      Object.defineProperty(this, 'type', { value: type, enumerable: false });
    }
    isFile() {
      return this.type === 'file';
    }
    isDirectory() {
      return this.type === 'directory';
    }
    isSymbolicLink() {
      return this.type === 'link';
    }
  }

  function readdirSync(path, options) {
    const top = name(path);
    const found = [];
    const walk = (directory, before) => {
      for (const [entry, type] of native.list(directory)) {
        found.push(options?.withFileTypes ? new Dirent(entry, directory, type) : before + entry);
        if (options?.recursive && type === 'directory') {
          walk(`${directory}/${entry}`, `${before}${entry}/`);
        }
      }
    };
    walk(top, '');
    return found;
  }

  function mkdirSync(path, options) {
    const there = options?.recursive && native.stat(name(path), true);
    native.mkdir(name(path), Boolean(options?.recursive));
    return options?.recursive && !there ? require('path').resolve(name(path)) : undefined;
  }
  function rmSync(path, options) {
    const facts = native.stat(name(path), false);
    if (!facts) {
      if (options?.force) return;
      throw fail('ENOENT', 'no such file or directory', 'rm', path);
    }
    if (facts.type === 'directory' && !options?.recursive) {
      const error = new Error(`Path is a directory: rm returned EISDIR (is a directory) ${path}`);
      throw Object.assign(error, { code: 'ERR_FS_EISDIR', path: String(path) });
    }
    native.remove(name(path), 'tree');
  }
  const rmdirSync = (path, options) =>
    native.remove(name(path), options?.recursive ? 'tree' : 'directory');
  const unlinkSync = (path) => native.remove(name(path), 'file');
  const renameSync = (from, to) => native.rename(name(from), name(to));
  const copyFileSync = (from, to) => native.copy(name(from), name(to));
  function cpSync(from, to, options) {
    const facts = statSync(from);
    if (!facts.isDirectory()) return copyFileSync(from, to);
    if (!options?.recursive)
      throw fail('EISDIR', 'it is a directory: recursive is not set', 'cp', from);
    mkdirSync(to, { recursive: true });
    for (const entry of readdirSync(from)) cpSync(`${from}/${entry}`, `${to}/${entry}`, options);
  }
  const realpathSync = (path) => native.realpath(name(path));
  function truncateSync(path, length = 0) {
    const bytes = native.readFile(name(path));
    const kept = new Uint8Array(length);
    kept.set(bytes.subarray(0, length));
    native.writeFile(name(path), kept, false);
  }
  function mkdtempSync(prefix) {
    const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
    const random = Array.from(native.random(6), (byte) => letters[byte % letters.length]).join('');
    native.mkdir(prefix + random, false);
    return prefix + random;
  }
  function writeSync(descriptor, value) {
    if (descriptor !== 1 && descriptor !== 2) {
      throw fail('EBADF', 'only 1 and 2 are open here: use writeFileSync', 'write', descriptor);
    }
    native.write(descriptor, value);
    return typeof value === 'string' ? native.encode(value, 'utf8').length : value.byteLength;
  }

  const sync = {
    readFile: readFileSync,
    writeFile: writeFileSync,
    appendFile: appendFileSync,
    stat: statSync,
    lstat: lstatSync,
    access: accessSync,
    readdir: readdirSync,
    mkdir: mkdirSync,
    rm: rmSync,
    rmdir: rmdirSync,
    unlink: unlinkSync,
    rename: renameSync,
    copyFile: copyFileSync,
    cp: cpSync,
    realpath: realpathSync,
    truncate: truncateSync,
    mkdtemp: mkdtempSync,
  };
  const promises = {};
  for (const [method, work] of Object.entries(sync)) {
    exports[`${method}Sync`] = work;
    promises[method] = async (...rest) => work(...rest);
    exports[method] = (...rest) => {
      const done = rest.pop();
      if (typeof done !== 'function') {
        const error = new TypeError(
          'The "cb" argument must be of type function. Received ' + native.inspect(done),
        );
        throw Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' });
      }
      promises[method](...rest).then(
        (value) => native.tick(done, null, value),
        (error) => native.tick(done, error),
      );
    };
  }
  exports.exists = (path, done) => native.tick(done, existsSync(path));
  exports.writeSync = writeSync;
  exports.createReadStream = (path, options) => {
    const { Readable } = require('stream');
    return new Readable(() => native.readFile(name(path)), encodingOf(options));
  };
  exports.createWriteStream = (path, options) => {
    const { Writable } = require('stream');
    const append = options?.flags === 'a';
    native.writeFile(name(path), '', append);
    return new Writable((chunk) => native.writeFile(name(path), data(chunk), true));
  };
  for (const call of ['openSync', 'open', 'readSync', 'closeSync', 'watch', 'watchFile']) {
    exports[call] = () => {
      throw new Error(`fs.${call} is not here: use readFileSync and writeFileSync`);
    };
  }
  for (const call of ['chmodSync', 'chownSync', 'symlinkSync', 'linkSync', 'utimesSync']) {
    exports[call] = () => {
      throw new Error(`fs.${call} is not here: files in this sandbox have neither modes nor links`);
    };
  }
  exports.constants = { F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1, COPYFILE_EXCL: 1 };
  promises.constants = exports.constants;
  exports.promises = promises;
  exports.Stats = Stats;
  exports.Dirent = Dirent;
  Object.defineProperty(exports, 'name', { value: name });
  exports.writeFileSync = writeFileSync;
  exports.appendFileSync = appendFileSync;
});
