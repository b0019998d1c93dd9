// The parts of `buffer` that fewer scripts use.
(function (native, require, exports) {
  'use strict';

  const { Buffer } = require('buffer');

  function compare(a, b) {
    const shorter = Math.min(a.length, b.length);
    for (let at = 0; at < shorter; at++) {
      if (a[at] !== b[at]) return a[at] < b[at] ? -1 : 1;
    }
    return Math.sign(a.length - b.length);
  }

  const methods = {
    compare(other) {
      return compare(this, other);
    },
    write(text, at = 0, length, encoding) {
      if (typeof at === 'string') [at, encoding] = [0, at];
      if (typeof length === 'string') [length, encoding] = [undefined, length];
      const bytes = Buffer.from(text, encoding);
      const room = Math.min(bytes.length, length ?? bytes.length, this.length - at);
      this.set(bytes.subarray(0, room), at);
      return room;
    },
    copy(target, at = 0, start = 0, end = this.length) {
      const part = this.subarray(start, Math.min(end, start + target.length - at));
      target.set(part, at);
      return part.length;
    },
    fill(value, start = 0, end = this.length, encoding) {
      if (typeof value !== 'string') {
        Uint8Array.prototype.fill.call(this, value, start, end);
        return this;
      }
      const bytes = Buffer.from(value, encoding);
      for (let at = start; at < end; at++)
        this[at] = bytes.length ? bytes[(at - start) % bytes.length] : 0;
      return this;
    },
    indexOf(value, from = 0, encoding) {
      if (typeof value === 'number')
        return Uint8Array.prototype.indexOf.call(this, value & 255, from);
      const bytes = typeof value === 'string' ? Buffer.from(value, encoding) : value;
      for (let at = from; at <= this.length - bytes.length; at++) {
        let same = 0;
        while (same < bytes.length && this[at + same] === bytes[same]) same++;
        if (same === bytes.length) return at;
      }
      return -1;
    },
    includes(value, from, encoding) {
      return this.indexOf(value, from, encoding) !== -1;
    },
  };

  // Numbers of two, four and eight bytes, as DataView reads and writes them.
  const kinds = [
    ['UInt8', 'Uint8', 1],
    ['Int8', 'Int8', 1],
    ['UInt16', 'Uint16', 2],
    ['Int16', 'Int16', 2],
    ['UInt32', 'Uint32', 4],
    ['Int32', 'Int32', 4],
    ['Float', 'Float32', 4],
    ['Double', 'Float64', 8],
    ['BigInt64', 'BigInt64', 8],
    ['BigUInt64', 'BigUint64', 8],
  ];
  const view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  for (const [ours, theirs, size] of kinds) {
    for (const order of size === 1 ? [''] : ['LE', 'BE']) {
      const read = function (at = 0) {
        return view(this)[`get${theirs}`](at, order === 'LE');
      };
      const write = function (value, at = 0) {
        view(this)[`set${theirs}`](at, value, order === 'LE');
        return at + size;
      };
      for (const name of [ours, ours.replace('UInt', 'Uint')]) {
        methods[`read${name}${order}`] = read;
        methods[`write${name}${order}`] = write;
      }
    }
  }

  exports.compare = compare;
  exports.methods = methods;
  exports.atob = function atob(text) {
    const clean = String(text).replace(/[\t\n\f\r ]/g, '');
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(clean) || clean.replace(/=+$/, '').length % 4 === 1) {
      const { DOMException } = require('web');
      throw new DOMException(
        'The string to be decoded is not correctly encoded.',
        'InvalidCharacterError',
      );
    }
    return native.decode(native.encode(clean, 'base64'), 'latin1', false);
  };
  exports.btoa = function btoa(text) {
    if (/[^\0-\xff]/.test(text)) {
      const { DOMException } = require('web');
      throw new DOMException('Invalid character', 'InvalidCharacterError');
    }
    return native.decode(native.encode(String(text), 'latin1'), 'base64', false);
  };
  class StringDecoder {
    constructor(encoding) {
      this.encoding = encoding ?? 'utf8';
      this.parts = [];
    }
    write(part) {
      this.parts.push(part);
      return '';
    }
    end(part) {
      if (part) this.parts.push(part);
      return Buffer.concat(this.parts.splice(0)).toString(this.encoding);
    }
  }
  exports.decoders = { StringDecoder };
});
