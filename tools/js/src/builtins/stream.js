// `stream`: what scripts read from, all at once underneath, and what they write to.
(function (native, require, exports) {
  'use strict';

  const { EventEmitter } = require('events');

  class Readable extends EventEmitter {
    #read;
    #encoding;
    #chunks;

    constructor(read, encoding) {
      super();
      this.#read = typeof read === 'function' ? read : () => new Uint8Array();
      this.#encoding = encoding;
    }
    static from(source) {
      const stream = new Readable();
      stream.#chunks = async function* () {
        yield* source;
      };
      return stream;
    }
    async *#all() {
      if (this.#chunks) {
        yield* this.#chunks();
        return;
      }
      const bytes = require('buffer').wrap(this.#read());
      if (bytes.length) yield this.#encoding ? bytes.toString(this.#encoding) : bytes;
    }
    [Symbol.asyncIterator]() {
      return this.#all();
    }
    setEncoding(encoding) {
      this.#encoding = encoding ?? 'utf8';
      return this;
    }
    on(name, listener) {
      super.on(name, listener);
      if (name === 'data' || name === 'readable' || (name === 'end' && !this.started))
        this.resume();
      return this;
    }
    resume() {
      if (this.started) return this;
      Object.defineProperty(this, 'started', { value: true });
      native.tick(async () => {
        try {
          for await (const chunk of this.#all()) this.emit('data', chunk);
          this.emit('end');
          this.emit('close');
        } catch (error) {
          this.emit('error', error);
        }
      });
      return this;
    }
    pause() {
      return this;
    }
    destroy() {
      return this;
    }
    unref() {
      return this;
    }
    ref() {
      return this;
    }
    pipe(target) {
      this.on('data', (chunk) => target.write(chunk));
      this.on('end', () => target.fd === undefined && target.end());
      return target;
    }
  }

  class Writable extends EventEmitter {
    #write;

    constructor(write) {
      super();
      this.#write =
        typeof write === 'function'
          ? write
          : (chunk) => write?.write?.call(this, chunk, 'utf8', () => {});
    }
    write(chunk, encoding, done) {
      const callback = typeof encoding === 'function' ? encoding : done;
      if (typeof chunk !== 'string' && !ArrayBuffer.isView(chunk)) {
        throw Object.assign(
          new TypeError(
            'The "chunk" argument must be of type string or an ' +
              `instance of Buffer or Uint8Array. Received ${native.inspect(chunk)}`,
          ),
          { code: 'ERR_INVALID_ARG_TYPE' },
        );
      }
      const encoded =
        typeof chunk === 'string' && typeof encoding === 'string' && encoding !== 'utf8';
      this.#write(encoded ? native.encode(chunk, encoding) : chunk);
      if (callback) native.tick(callback);
      return true;
    }
    end(chunk, encoding, done) {
      const callback = [chunk, encoding, done].find((it) => typeof it === 'function');
      if (chunk !== undefined && typeof chunk !== 'function') this.write(chunk, encoding);
      native.tick(() => {
        this.emit('finish');
        this.emit('close');
        callback?.();
      });
      return this;
    }
    cork() {}
    uncork() {}
    destroy() {
      return this;
    }
  }

  exports.Readable = Readable;
  exports.Writable = Writable;
  exports.Stream = EventEmitter;
  for (const name of ['Transform', 'Duplex', 'PassThrough', 'pipeline', 'finished']) {
    exports[name] = function () {
      throw new Error(`stream.${name} is not here: read all, and write all`);
    };
  }
});
