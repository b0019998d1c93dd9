// `assert`
(function (native, require) {
  'use strict';

  const { same } = require('util');

  class AssertionError extends Error {
    constructor({ message, actual, expected, operator }) {
      super(message);
      this.name = 'AssertionError';
      this.generatedMessage = false;
      this.code = 'ERR_ASSERTION';
      this.actual = actual;
      this.expected = expected;
      this.operator = operator;
    }
  }
  function fail(message, usual, actual, expected, operator) {
    if (message instanceof Error) throw message;
    throw new AssertionError({ message: message ?? usual, actual, expected, operator });
  }
  const both = (a, words, b) => `${native.inspect(a)} ${words} ${native.inspect(b)}`;

  function assert(value, message) {
    if (!value) {
      fail(message, 'The expression evaluated to a falsy value', value, true, '==');
    }
  }
  function check(name, test, words) {
    assert[name] = (actual, expected, message) => {
      if (!test(actual, expected)) fail(message, words(actual, expected), actual, expected, name);
    };
  }
  const unequal = (what) => (a, b) =>
    `Expected values to be ${what}:\n+ actual - expected\n\n+ ${native.inspect(a)}\n- ${native.inspect(b)}`;
  check(
    'equal',
    (a, b) => a == b || (a !== a && b !== b),
    (a, b) => both(a, '==', b),
  );
  check(
    'notEqual',
    (a, b) => a != b,
    (a, b) => both(a, '!=', b),
  );
  check('strictEqual', Object.is, unequal('strictly equal'));
  check(
    'notStrictEqual',
    (a, b) => !Object.is(a, b),
    (a, b) => both(a, 'is the same as', b),
  );
  check('deepEqual', (a, b) => same(a, b, false, []), unequal('loosely deep-equal'));
  check('deepStrictEqual', (a, b) => same(a, b, true, []), unequal('strictly deep-equal'));
  check(
    'notDeepEqual',
    (a, b) => !same(a, b, false, []),
    (a, b) => both(a, 'is like', b),
  );
  check(
    'notDeepStrictEqual',
    (a, b) => !same(a, b, true, []),
    (a, b) => both(a, 'is like', b),
  );
  check(
    'match',
    (text, pattern) => pattern.test(text),
    (a, b) =>
      `The input did not match the regular expression ${b}. Input:\n\n${native.inspect(a)}\n`,
  );
  check(
    'doesNotMatch',
    (text, pattern) => !pattern.test(text),
    (a, b) =>
      `The input was expected to not match the regular expression ${b}. Input:\n\n${native.inspect(a)}\n`,
  );

  assert.ok = assert;
  assert.fail = (message) => fail(message, 'Failed', undefined, undefined, 'fail');
  assert.ifError = (value) => {
    if (value !== null && value !== undefined) throw value;
  };
  function matches(error, expected) {
    if (expected === undefined || typeof expected === 'string') return;
    if (expected instanceof RegExp) {
      if (!expected.test(String(error)))
        fail(undefined, `${error} does not match ${expected}`, error, expected, 'throws');
    } else if (typeof expected === 'function') {
      const isClass = expected.prototype !== undefined && error instanceof expected;
      if (
        !isClass &&
        (Error.isPrototypeOf(expected) || expected === Error || expected.call({}, error) !== true)
      )
        throw error;
    } else {
      for (const key of Object.keys(expected)) {
        const [a, b] = [error[key], expected[key]];
        const fits =
          b instanceof RegExp && typeof a === 'string' ? b.test(a) : same(a, b, true, []);
        if (!fits) fail(undefined, `${key}: ${both(a, 'is not', b)}`, error, expected, 'throws');
      }
    }
  }
  assert.throws = (work, expected, message) => {
    let thrown;
    try {
      work();
    } catch (error) {
      thrown = { error };
    }
    if (!thrown)
      fail(
        typeof expected === 'string' ? expected : message,
        'Missing expected exception.',
        undefined,
        expected,
        'throws',
      );
    matches(thrown.error, expected);
  };
  assert.doesNotThrow = (work) => work();
  assert.rejects = async (work, expected, message) => {
    let thrown;
    try {
      await (typeof work === 'function' ? work() : work);
    } catch (error) {
      thrown = { error };
    }
    if (!thrown) fail(message, 'Missing expected rejection.', undefined, expected, 'rejects');
    matches(thrown.error, expected);
  };
  assert.doesNotReject = async (work) => {
    await (typeof work === 'function' ? work() : work);
  };
  assert.AssertionError = AssertionError;
  assert.strict = assert;
  return assert;
});
