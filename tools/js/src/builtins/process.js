// `process`: the script's own process, as far as a sandbox has one. What is used in most scripts
// stands here; the rest is in `process_more`, and is read when it is asked for.
(function (native, require, process) {
  'use strict';

  const output = (fd) => {
    const own = {
      fd,
      isTTY: false,
      columns: 80,
      write(chunk, encoding, done) {
        native.write(fd, chunk);
        const callback = typeof encoding === 'function' ? encoding : done;
        if (callback) native.tick(callback);
        return true;
      },
    };
    for (const name of ['on', 'once', 'emit', 'off', 'end', 'cork', 'uncork', 'destroy']) {
      own[name] = (...rest) => {
        const { Writable } = require('stream');
        const stream = (own.stream ??= new Writable((chunk) => native.write(fd, chunk)));
        return stream[name](...rest);
      };
    }
    return own;
  };
  Object.assign(process, {
    argv: native.arguments(),
    argv0: 'js',
    env: native.variables(),
    exitCode: undefined,
    pid: 1,
    platform: 'linux',
    arch: 'wasm32',
    version: 'v20.0.0',
    versions: { node: '20.0.0', boa: '0.22.0' },
    stdout: output(1),
    stderr: output(2),
    cwd: () => '/workspace',
    exit: (code) => {
      if (code !== undefined) process.exitCode = code;
      process.handlers();
      native.exit(process.exitCode ?? 0);
    },
    nextTick: (callback, ...rest) => native.tick(callback, ...rest),
    uptime: () => native.elapsed() / 1000,
  });
  Object.defineProperty(process, 'handlers', {
    value: () => process.events?.emit('exit', process.exitCode ?? 0),
  });
  Object.defineProperty(process, Symbol.toStringTag, { value: 'process' });
});
