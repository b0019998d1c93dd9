// `readline`: the lines of a stream.
(function (native, require, exports) {
  'use strict';

  const { EventEmitter } = require('events');

  class Interface extends EventEmitter {
    #input;
    #lines;

    constructor(input) {
      super();
      this.#input = input;
      native.tick(() => native.tick(() => this.#start()));
    }
    async *#all() {
      const { Buffer } = require('buffer');
      let text = '';
      for await (const chunk of this.#input) {
        text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      }
      const lines = text.split(/\r\n|\n|\r/);
      if (lines.at(-1) === '') lines.pop();
      yield* lines;
    }
    get #each() {
      return (this.#lines ??= this.#all());
    }
    async #start() {
      if (this.listenerCount('line') === 0) return;
      for await (const line of this.#each) {
        if (this.closed) break;
        this.emit('line', line);
      }
      this.close();
    }
    [Symbol.asyncIterator]() {
      return this.#each;
    }
    question(query, options, done) {
      const callback = typeof options === 'function' ? options : done;
      native.write(1, query);
      this.#each.next().then(({ value, done: ended }) => {
        if (!ended) callback(value);
        else this.close();
      });
    }
    close() {
      if (this.closed) return;
      Object.defineProperty(this, 'closed', { value: true });
      this.emit('close');
    }
    setPrompt() {}
    prompt() {}
    pause() {
      return this;
    }
    resume() {
      return this;
    }
    write() {}
  }

  exports.createInterface = (options, output) => new Interface(options?.input ?? options, output);
  exports.Interface = Interface;
  exports.clearLine = exports.cursorTo = exports.moveCursor = () => true;
  exports.promises = {
    createInterface: (options) => {
      const made = new Interface(options?.input ?? options);
      const question = made.question.bind(made);
      made.question = (query) => new Promise((resolve) => question(query, resolve));
      return made;
    },
  };
});
