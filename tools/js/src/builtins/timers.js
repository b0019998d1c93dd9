// `timers`, and the same as promises.
(function (native, require, exports) {
  'use strict';

  Object.assign(exports, {
    setTimeout,
    setInterval,
    setImmediate,
    clearTimeout,
    clearInterval,
    clearImmediate,
  });
  exports.promises = {
    setTimeout: (time, value) => new Promise((resolve) => setTimeout(resolve, time, value)),
    setImmediate: (value) => new Promise((resolve) => setImmediate(resolve, value)),
    scheduler: {
      wait: (time) => new Promise((resolve) => setTimeout(resolve, time)),
      yield: () => new Promise((resolve) => setImmediate(resolve)),
    },
    async *setInterval(time, value) {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, time));
        yield value;
      }
    },
  };
});
