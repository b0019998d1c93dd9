// `crypto`: digests, and random values of the host.
(function (native, require, exports) {
  'use strict';

  const { wrap, Buffer } = require('buffer');
  const bytes = (value, encoding) =>
    typeof value === 'string' ? Buffer.from(value, encoding) : Buffer.from(value);
  const out = (digest, encoding) => (encoding ? wrap(digest).toString(encoding) : wrap(digest));

  class Hash {
    #parts = [];

    constructor(algorithm) {
      native.digest(algorithm, '');
      Object.defineProperty(this, 'algorithm', { value: algorithm });
    }
    update(value, encoding) {
      this.#parts.push(bytes(value, encoding));
      return this;
    }
    digest(encoding) {
      return out(native.digest(this.algorithm, Buffer.concat(this.#parts)), encoding);
    }
  }
  class Hmac {
    #parts = [];

    constructor(algorithm, key) {
      const size = /sha-?(384|512)/i.test(algorithm) ? 128 : 64;
      let secret = bytes(key);
      if (secret.length > size) secret = wrap(native.digest(algorithm, secret));
      const padded = Buffer.alloc(size);
      padded.set(secret);
      const pad = (value) => Buffer.from(Array.from(padded, (byte) => byte ^ value));
      this.#parts.push(pad(0x36));
      Object.defineProperty(this, 'finish', {
        value: (whole) =>
          native.digest(
            algorithm,
            Buffer.concat([pad(0x5c), wrap(native.digest(algorithm, whole))]),
          ),
      });
    }
    update(value, encoding) {
      this.#parts.push(bytes(value, encoding));
      return this;
    }
    digest(encoding) {
      return out(this.finish(Buffer.concat(this.#parts)), encoding);
    }
  }

  function randomUUID() {
    const random = native.random(16);
    random[6] = (random[6] & 0x0f) | 0x40;
    random[8] = (random[8] & 0x3f) | 0x80;
    const hex = native.decode(random, 'hex', false);
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
  function randomInt(low, high) {
    if (high === undefined) [low, high] = [0, low];
    if (typeof high === 'function') [low, high] = [0, low];
    const range = high - low;
    const limit = 2 ** 48 - (2 ** 48 % range);
    for (;;) {
      const value = native.random(6).reduce((sum, byte) => sum * 256 + byte, 0);
      if (value < limit) return low + (value % range);
    }
  }
  function getRandomValues(array) {
    const view = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    view.set(native.random(array.byteLength));
    return array;
  }
  const refuse = (name) => () => {
    throw new Error(
      `crypto.${name} is not here: createHash, createHmac, randomBytes, randomInt, ` +
        'randomUUID and timingSafeEqual are',
    );
  };

  Object.assign(exports, {
    createHash: (algorithm) => new Hash(algorithm),
    createHmac: (algorithm, key) => new Hmac(algorithm, key),
    hash: (algorithm, value, encoding = 'hex') =>
      new Hash(algorithm).update(value).digest(encoding),
    getHashes: () => ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'],
    randomBytes: (length, done) => {
      const random = wrap(native.random(length));
      return done ? native.tick(done, null, random) : random;
    },
    randomFillSync: getRandomValues,
    randomInt,
    randomUUID,
    getRandomValues,
    timingSafeEqual: (a, b) => {
      if (a.byteLength !== b.byteLength)
        throw new RangeError('Input buffers must have the same byte length');
      return bytes(a).reduce((sum, byte, at) => sum | (byte ^ b[at]), 0) === 0;
    },
  });
  for (const name of [
    'createCipheriv',
    'createDecipheriv',
    'createSign',
    'createVerify',
    'generateKeyPairSync',
    'pbkdf2Sync',
    'scryptSync',
  ])
    exports[name] = refuse(name);
  exports.webcrypto = Object.assign(Object.create(exports), {
    randomUUID,
    getRandomValues,
    subtle: {
      digest: async (algorithm, value) => native.digest(algorithm.name ?? algorithm, value).buffer,
    },
  });
});
