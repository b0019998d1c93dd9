// `perf_hooks`: the time since the script began.
(function (native, require, exports) {
  'use strict';

  const origin = Date.now() - native.elapsed();
  const marks = new Map();
  const entry = (name, entryType, startTime, duration) => ({
    name,
    entryType,
    startTime,
    duration,
  });
  exports.performance = {
    timeOrigin: origin,
    now: () => native.elapsed(),
    mark: (name) => {
      marks.set(name, native.elapsed());
      return entry(name, 'mark', marks.get(name), 0);
    },
    measure: (name, from, to) => {
      const start = marks.get(from) ?? 0;
      return entry(name, 'measure', start, (marks.get(to) ?? native.elapsed()) - start);
    },
    getEntries: () => [],
    toJSON: () => ({ timeOrigin: origin }),
  };
});
