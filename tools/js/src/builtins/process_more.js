// The parts of `process` that few scripts use.
(function (native, require, exports) {
  'use strict';

  const { EventEmitter } = require('events');
  const process = require('process');
  const events = new EventEmitter();
  Object.defineProperty(process, 'events', { value: events });
  for (const name of [
    'on',
    'once',
    'off',
    'emit',
    'addListener',
    'removeListener',
    'removeAllListeners',
    'listeners',
    'listenerCount',
  ]) {
    exports[name] = (...rest) => {
      const returned = events[name](...rest);
      return returned === events ? process : returned;
    };
  }

  const hrtime = (before) => {
    const now = native.elapsed();
    const time = [Math.floor(now / 1000), Math.floor((now % 1000) * 1e6)];
    if (!before) return time;
    const [seconds, nanos] = [time[0] - before[0], time[1] - before[1]];
    return nanos < 0 ? [seconds - 1, nanos + 1e9] : [seconds, nanos];
  };
  hrtime.bigint = () => BigInt(Math.floor(native.elapsed() * 1e6));
  const memoryUsage = () => {
    const all = native.memory();
    return { rss: all, heapTotal: all, heapUsed: all, external: 0, arrayBuffers: 0 };
  };
  memoryUsage.rss = () => native.memory();
  const absent = (name, reason) => () => {
    throw new Error(`process.${name}() is not here: ${reason}`);
  };
  let stdin;

  Object.assign(exports, {
    hrtime,
    memoryUsage,
    execArgv: [],
    execPath: '/usr/bin/js',
    title: 'js',
    release: { name: 'node' },
    ppid: 0,
    cpuUsage: () => ({ user: Math.floor(native.elapsed() * 1000), system: 0 }),
    chdir: absent('chdir', 'paths begin in /workspace'),
    kill: absent('kill', 'there is no other process'),
    abort: () => native.exit(134),
    emitWarning: (warning) => native.write(2, `(js) Warning: ${warning?.message ?? warning}\n`),
    umask: () => 0o22,
    getuid: () => 0,
  });
  Object.defineProperty(exports, 'stdin', {
    get() {
      if (stdin) return stdin;
      const { Readable } = require('stream');
      stdin = new Readable(() => native.readFile('0'));
      return Object.assign(stdin, { fd: 0, isTTY: false });
    },
  });
});
