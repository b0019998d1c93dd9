// Globals of the web: texts as bytes, copies of values, events.
(function (native, require, exports) {
  'use strict';

  class TextEncoder {
    get encoding() {
      return 'utf-8';
    }
    encode(text = '') {
      return native.encode(String(text), 'utf8');
    }
    encodeInto(text, target) {
      let [read, written] = [0, 0];
      for (const character of text) {
        const bytes = native.encode(character, 'utf8');
        if (written + bytes.length > target.length) break;
        target.set(bytes, written);
        written += bytes.length;
        read += character.length;
      }
      return { read, written };
    }
  }
  const encodings = {
    'utf-8': 'utf8',
    utf8: 'utf8',
    'utf-16le': 'utf16le',
    'utf-16': 'utf16le',
    latin1: 'latin1',
    'iso-8859-1': 'latin1',
    ascii: 'latin1',
    'windows-1252': 'latin1',
  };
  class TextDecoder {
    #encoding;

    constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
      const name = String(label).trim().toLowerCase();
      this.#encoding = encodings[name];
      if (!this.#encoding) {
        throw Object.assign(new RangeError(`The "${label}" encoding is not supported`), {
          code: 'ERR_ENCODING_NOT_SUPPORTED',
        });
      }
      const names = { utf8: 'utf-8', utf16le: 'utf-16le', latin1: 'windows-1252' };
      Object.assign(this, { encoding: names[this.#encoding], fatal, ignoreBOM });
    }
    decode(bytes = new Uint8Array()) {
      const text = native.decode(bytes, this.#encoding, this.fatal);
      if (text === undefined) {
        throw Object.assign(new TypeError('The encoded data was not valid for encoding utf-8'), {
          code: 'ERR_ENCODING_INVALID_ENCODED_DATA',
        });
      }
      return this.ignoreBOM ? text : text.replace(/^\ufeff/, '');
    }
  }

  class DOMException extends Error {
    constructor(message = '', name = 'Error') {
      super(message);
      Object.defineProperty(this, 'name', { value: name, configurable: true });
    }
    get code() {
      return (
        {
          InvalidCharacterError: 5,
          SyntaxError: 12,
          AbortError: 20,
          TimeoutError: 23,
          DataCloneError: 25,
        }[this.name] ?? 0
      );
    }
  }

  function structuredClone(value) {
    const known = new Map();
    const copy = (it) => {
      if (typeof it === 'function' || typeof it === 'symbol') {
        throw new DOMException(`${String(it)} could not be cloned.`, 'DataCloneError');
      }
      if (typeof it !== 'object' || it === null) return it;
      if (known.has(it)) return known.get(it);
      const keep = (made) => {
        known.set(it, made);
        return made;
      };
      if (Array.isArray(it)) {
        const made = keep(new Array(it.length));
        for (const key of Object.keys(it)) made[key] = copy(it[key]);
        return made;
      }
      if (it instanceof Date) return keep(new Date(it.getTime()));
      if (it instanceof RegExp) return keep(new RegExp(it.source, it.flags));
      if (it instanceof Map) {
        const made = keep(new Map());
        for (const [key, inner] of it) made.set(copy(key), copy(inner));
        return made;
      }
      if (it instanceof Set) {
        const made = keep(new Set());
        for (const inner of it) made.add(copy(inner));
        return made;
      }
      if (it instanceof ArrayBuffer) return keep(it.slice(0));
      if (it instanceof DataView)
        return keep(new DataView(copy(it.buffer), it.byteOffset, it.byteLength));
      if (ArrayBuffer.isView(it)) {
        const kind = Object.getPrototypeOf(Uint8Array.prototype);
        const name = Object.getOwnPropertyDescriptor(kind, Symbol.toStringTag).get.call(it);
        return keep(new globalThis[name](copy(it.buffer), it.byteOffset, it.length));
      }
      if (it instanceof Error) {
        const plain = [
          Error,
          EvalError,
          RangeError,
          ReferenceError,
          SyntaxError,
          TypeError,
          URIError,
        ];
        const Kind = plain.find((kind) => kind.name === it.name) ?? Error;
        const made = keep(new Kind(it.message));
        if ('cause' in it)
          Object.defineProperty(made, 'cause', {
            value: copy(it.cause),
            configurable: true,
            writable: true,
          });
        return made;
      }
      if (
        it instanceof Promise ||
        it instanceof WeakMap ||
        it instanceof WeakSet ||
        it instanceof WeakRef
      ) {
        throw new DOMException(
          `${Object.prototype.toString.call(it)} could not be cloned.`,
          'DataCloneError',
        );
      }
      const boxed = ['Number', 'String', 'Boolean', 'BigInt'].find(
        (kind) => it instanceof globalThis[kind],
      );
      if (boxed) return keep(Object(it.valueOf()));
      const made = keep({});
      for (const key of Object.keys(it)) made[key] = copy(it[key]);
      return made;
    };
    return copy(value);
  }

  class Event {
    constructor(type, options = {}) {
      this.type = String(type);
      this.cancelable = Boolean(options.cancelable);
      this.defaultPrevented = false;
      this.timeStamp = native.elapsed();
    }
    preventDefault() {
      this.defaultPrevented = this.cancelable;
    }
    stopPropagation() {}
    stopImmediatePropagation() {
      Object.defineProperty(this, 'stopped', { value: true });
    }
  }
  class EventTarget {
    #listeners = new Map();

    addEventListener(type, listener, options) {
      const list = this.#listeners.get(type) ?? [];
      if (list.some((entry) => entry.listener === listener)) return;
      list.push({ listener, once: Boolean(options?.once) });
      this.#listeners.set(type, list);
    }
    removeEventListener(type, listener) {
      const list = this.#listeners.get(type) ?? [];
      this.#listeners.set(
        type,
        list.filter((entry) => entry.listener !== listener),
      );
    }
    dispatchEvent(event) {
      event.target = event.currentTarget = this;
      for (const { listener, once } of [...(this.#listeners.get(event.type) ?? [])]) {
        if (once) this.removeEventListener(event.type, listener);
        if (typeof listener === 'function') listener.call(this, event);
        else listener.handleEvent(event);
        if (event.stopped) break;
      }
      this[`on${event.type}`]?.(event);
      return !event.defaultPrevented;
    }
  }
  class AbortSignal extends EventTarget {
    aborted = false;
    reason = undefined;

    throwIfAborted() {
      if (this.aborted) throw this.reason;
    }
    static abort(reason) {
      const controller = new AbortController();
      controller.abort(reason);
      return controller.signal;
    }
    static timeout(time) {
      const controller = new AbortController();
      const reason = () =>
        new DOMException('The operation was aborted due to timeout', 'TimeoutError');
      setTimeout(() => controller.abort(reason()), time).unref();
      return controller.signal;
    }
  }
  class AbortController {
    signal = new AbortSignal();

    abort(reason = new DOMException('This operation was aborted', 'AbortError')) {
      if (this.signal.aborted) return;
      Object.assign(this.signal, { aborted: true, reason });
      this.signal.dispatchEvent(new Event('abort'));
    }
  }

  Object.assign(exports, {
    TextEncoder,
    TextDecoder,
    DOMException,
    structuredClone,
    Event,
    EventTarget,
    AbortSignal,
    AbortController,
    global: globalThis,
  });
  exports.fetch = async function fetch(address) {
    throw new TypeError(
      `fetch failed: scripts have no network: get ${address} with the tool curl, ` +
        'and read the file that it writes',
    );
  };
});
