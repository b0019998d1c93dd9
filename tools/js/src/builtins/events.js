// `events`: EventEmitter.
(function (native, require) {
  'use strict';

  const quiet = Symbol('quiet');

  class EventEmitter {
    #listeners;

    #list(name) {
      this.#listeners ??= new Map();
      if (!this.#listeners.has(name)) this.#listeners.set(name, []);
      return this.#listeners.get(name);
    }
    on(name, listener) {
      if (typeof listener !== 'function') {
        throw new TypeError('The "listener" argument must be of type function');
      }
      this.#list(name).push({ listener });
      return this;
    }
    addListener(name, listener) {
      return this.on(name, listener);
    }
    prependListener(name, listener) {
      this.#list(name).unshift({ listener });
      return this;
    }
    once(name, listener) {
      this.#list(name).push({ listener, once: true });
      return this;
    }
    off(name, listener) {
      const list = this.#list(name);
      const at = list.findLastIndex((entry) => entry.listener === listener);
      if (at >= 0) list.splice(at, 1);
      return this;
    }
    removeListener(name, listener) {
      return this.off(name, listener);
    }
    removeAllListeners(name) {
      if (name === undefined) this.#listeners?.clear();
      else this.#listeners?.delete(name);
      return this;
    }
    emit(name, ...rest) {
      const list = this.#listeners?.get(name) ?? [];
      if (name === 'error' && list.length === 0) {
        throw rest[0] instanceof Error
          ? rest[0]
          : new Error(`Unhandled error. (${native.inspect(rest[0])})`);
      }
      for (const entry of [...list]) {
        if (entry.once) this.off(name, entry.listener);
        entry.listener.apply(this, rest);
      }
      return list.length > 0;
    }
    listeners(name) {
      return (this.#listeners?.get(name) ?? []).map((entry) => entry.listener);
    }
    listenerCount(name) {
      return this.#listeners?.get(name)?.length ?? 0;
    }
    eventNames() {
      return [...(this.#listeners ?? [])].filter(([, l]) => l.length).map(([n]) => n);
    }
    setMaxListeners() {
      return this;
    }
    getMaxListeners() {
      return 10;
    }
  }
  Object.defineProperty(EventEmitter.prototype, quiet, { value: true });

  EventEmitter.EventEmitter = EventEmitter;
  EventEmitter.default = EventEmitter;
  EventEmitter.quiet = quiet;
  EventEmitter.defaultMaxListeners = 10;
  EventEmitter.once = (emitter, name) =>
    new Promise((resolve, reject) => {
      emitter.once(name, (...rest) => resolve(rest));
      if (name !== 'error') emitter.once('error', reject);
    });
  return EventEmitter;
});
