// `url`: addresses and their queries.
(function (native, require, exports) {
  'use strict';

  const inspectCustom = Symbol.for('nodejs.util.inspect.custom');
  const query = () => require('url_query');

  class URL {
    #parts;
    #params;

    constructor(address, base) {
      this.#parts = native.parseUrl(String(address), base === undefined ? undefined : String(base));
      if (!this.#parts) {
        const error = new TypeError('Invalid URL');
        throw Object.assign(error, { code: 'ERR_INVALID_URL', input: String(address) });
      }
    }
    static canParse(address, base) {
      return (
        native.parseUrl(String(address), base === undefined ? undefined : String(base)) !==
        undefined
      );
    }
    static get(url, part) {
      return url.#parts[part];
    }
    static set(url, part, value) {
      if (part === 'href') url.#parts = new URL(value).#parts;
      else url.#parts = native.changeUrl(url.#parts.href, part, String(value)) ?? url.#parts;
      if (url.#params && (part === 'search' || part === 'href'))
        query().read(url.#params, url.#parts.search);
    }
    get searchParams() {
      return (this.#params ??= query().of(this.#parts.search, (search) => {
        this.#parts = native.changeUrl(this.#parts.href, 'search', search);
      }));
    }
    toString() {
      return this.#parts.href;
    }
    toJSON() {
      return this.#parts.href;
    }
    [inspectCustom]() {
      const shown = {};
      for (const part of [
        'href',
        'origin',
        'protocol',
        'username',
        'password',
        'host',
        'hostname',
        'port',
        'pathname',
        'search',
      ])
        shown[part] = this[part];
      shown.searchParams = this.searchParams;
      shown.hash = this.hash;
      return `URL ${native.inspect(shown)}`;
    }
    get [Symbol.toStringTag]() {
      return 'URL';
    }
  }
  const { get, set } = URL;
  delete URL.get;
  delete URL.set;
  for (const part of [
    'href',
    'origin',
    'protocol',
    'username',
    'password',
    'host',
    'hostname',
    'port',
    'pathname',
    'search',
    'hash',
  ]) {
    Object.defineProperty(URL.prototype, part, {
      configurable: true,
      enumerable: true,
      get() {
        return get(this, part);
      },
      set:
        part === 'origin'
          ? undefined
          : function (value) {
              set(this, part, value);
            },
    });
  }

  exports.URL = URL;
});
