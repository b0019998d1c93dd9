// `os`: the sandbox.
(function (native, require, exports) {
  'use strict';

  const memory = 64 * 1024 * 1024;
  Object.assign(exports, {
    EOL: '\n',
    arch: () => 'wasm32',
    availableParallelism: () => 1,
    cpus: () => [{ model: 'sandbox', speed: 0, times: {} }],
    endianness: () => 'LE',
    freemem: () => memory - native.memory(),
    homedir: () => '/home',
    hostname: () => 'sandbox',
    loadavg: () => [0, 0, 0],
    networkInterfaces: () => ({}),
    platform: () => 'linux',
    release: () => '0.2',
    tmpdir: () => '/tmp',
    totalmem: () => memory,
    type: () => 'Linux',
    uptime: () => native.elapsed() / 1000,
    userInfo: () => ({ username: 'tool', uid: 0, gid: 0, homedir: '/home', shell: null }),
    version: () => 'WASI 0.2',
  });
});
