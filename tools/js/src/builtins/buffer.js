// `buffer`: bytes with the encodings of Node.
(function (native, require, exports) {
  'use strict';

  const known = [
    'utf8',
    'utf-8',
    'hex',
    'base64',
    'base64url',
    'latin1',
    'binary',
    'ascii',
    'utf16le',
    'ucs2',
    'utf-16le',
    'ucs-2',
  ];
  function encodingOf(encoding) {
    if (encoding === undefined || encoding === null) return 'utf8';
    const lower = String(encoding).toLowerCase();
    if (known.includes(lower)) return lower;
    throw Object.assign(new TypeError(`Unknown encoding: ${encoding}`), {
      code: 'ERR_UNKNOWN_ENCODING',
    });
  }

  const wrap = (bytes) => new Buffer(bytes.buffer, bytes.byteOffset, bytes.length);

  class Buffer extends Uint8Array {
    static from(value, encoding, length) {
      if (typeof value === 'string') {
        return wrap(native.encode(value, encodingOf(encoding)));
      }
      if (value instanceof ArrayBuffer) return new Buffer(value, encoding, length);
      if (value?.type === 'Buffer' && Array.isArray(value.data)) return new Buffer(value.data);
      if (typeof value === 'object' && value !== null) {
        const text = typeof value.valueOf === 'function' && value.valueOf();
        if (typeof text === 'string') return Buffer.from(text, encoding);
        return new Buffer(Array.from(value));
      }
      throw Object.assign(
        new TypeError(
          'The first argument must be of type string or an ' +
            'instance of Buffer, ArrayBuffer, or Array or an Array-like Object. Received ' +
            native.inspect(value),
        ),
        { code: 'ERR_INVALID_ARG_TYPE' },
      );
    }
    static alloc(size, fill, encoding) {
      const buffer = new Buffer(size);
      return fill === undefined ? buffer : buffer.fill(fill, 0, size, encoding);
    }
    static allocUnsafe(size) {
      return new Buffer(size);
    }
    static isBuffer(value) {
      return value instanceof Buffer;
    }
    static isEncoding(encoding) {
      return known.includes(String(encoding).toLowerCase());
    }
    static byteLength(value, encoding) {
      return typeof value === 'string' ? Buffer.from(value, encoding).length : value.byteLength;
    }
    static concat(list, length) {
      const total = length ?? list.reduce((sum, part) => sum + part.length, 0);
      const whole = Buffer.alloc(total);
      let at = 0;
      for (const part of list) {
        const rest = part.subarray(0, Math.max(0, total - at));
        whole.set(rest, at);
        at += rest.length;
      }
      return whole;
    }
    toString(encoding, start = 0, end = this.length) {
      const part = start === 0 && end >= this.length ? this : this.subarray(start, end);
      return native.decode(part, encodingOf(encoding), false);
    }
    toJSON() {
      return { type: 'Buffer', data: Array.from(this) };
    }
    equals(other) {
      return this.length === other.length && this.every((byte, at) => byte === other[at]);
    }
    slice(start, end) {
      return this.subarray(start, end);
    }
    get parent() {
      return this.buffer;
    }
    [Symbol.for('nodejs.util.inspect.custom')]() {
      const shown = Array.from(this.subarray(0, 50), (byte) => byte.toString(16).padStart(2, '0'));
      const more = this.length - shown.length;
      const rest = more > 0 ? ` ... ${more} more byte${more > 1 ? 's' : ''}` : '';
      return `<${this.constructor.name}${shown.length ? ' ' + shown.join(' ') : ''}${rest}>`;
    }
  }

  // Methods that fewer scripts use are read when one of them is called.
  const numbers = [
    'UInt8',
    'Uint8',
    'Int8',
    'UInt16LE',
    'UInt16BE',
    'Uint16LE',
    'Uint16BE',
    'Int16LE',
    'Int16BE',
    'UInt32LE',
    'UInt32BE',
    'Uint32LE',
    'Uint32BE',
    'Int32LE',
    'Int32BE',
    'FloatLE',
    'FloatBE',
    'DoubleLE',
    'DoubleBE',
    'BigInt64LE',
    'BigInt64BE',
    'BigUInt64LE',
    'BigUInt64BE',
    'BigUint64LE',
    'BigUint64BE',
  ];
  const more = ['compare', 'write', 'copy', 'fill', 'indexOf', 'includes'];
  for (const name of [...more, ...numbers.flatMap((kind) => [`read${kind}`, `write${kind}`])]) {
    Object.defineProperty(Buffer.prototype, name, {
      configurable: true,
      writable: true,
      value(...rest) {
        return require('buffer_more').methods[name].apply(this, rest);
      },
    });
  }
  Buffer.compare = (a, b) => require('buffer_more').compare(a, b);
  exports.Buffer = Buffer;
  Object.defineProperty(exports, 'wrap', { value: wrap });
  for (const name of ['atob', 'btoa', 'decoders']) {
    Object.defineProperty(exports, name, {
      enumerable: name !== 'decoders',
      get: () => require('buffer_more')[name],
    });
  }
  exports.constants = { MAX_LENGTH: 2 ** 32 };
});
