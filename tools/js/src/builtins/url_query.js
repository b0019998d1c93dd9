// Queries of addresses, and what `url` had before the class `URL`.
(function (native, require, exports) {
  'use strict';

  const { URL } = require('url');
  const inspectCustom = Symbol.for('nodejs.util.inspect.custom');
  const decode = (text) => {
    const bytes = native.encode(text.replace(/\+/g, ' '), 'utf8');
    const out = [];
    for (let at = 0; at < bytes.length; at++) {
      const hex =
        bytes[at] === 37 ? String.fromCharCode(bytes[at + 1] ?? 0, bytes[at + 2] ?? 0) : '';
      if (/^[0-9a-f]{2}$/i.test(hex)) {
        out.push(parseInt(hex, 16));
        at += 2;
      } else {
        out.push(bytes[at]);
      }
    }
    return native.decode(new Uint8Array(out), 'utf8', false);
  };
  const encode = (text) =>
    encodeURIComponent(String(text).toWellFormed())
      .replace(/%20/g, '+')
      .replace(/[!'()~]/g, (sign) => '%' + sign.charCodeAt(0).toString(16).toUpperCase());

  class URLSearchParams {
    #list = [];
    #changed;

    constructor(init = '') {
      if (typeof init === 'object' && init !== null) {
        const pairs = typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init);
        for (const [name, value] of pairs) this.#list.push([String(name), String(value)]);
      } else {
        this.#read(String(init).replace(/^\?/, ''));
      }
    }
    // Of a URL: changes are told to it.
    static of(search, changed) {
      const params = new URLSearchParams(search);
      params.#changed = changed;
      return params;
    }
    static read(params, search) {
      params.#read(search.replace(/^\?/, ''));
    }
    #read(text) {
      this.#list = text
        .split('&')
        .filter(Boolean)
        .map((part) => {
          const at = part.indexOf('=');
          return at < 0
            ? [decode(part), '']
            : [decode(part.slice(0, at)), decode(part.slice(at + 1))];
        });
    }
    #tell() {
      this.#changed?.(this.toString());
    }
    append(name, value) {
      this.#list.push([String(name), String(value)]);
      this.#tell();
    }
    delete(name, value) {
      this.#list = this.#list.filter(
        ([n, v]) => n !== String(name) || (value !== undefined && v !== String(value)),
      );
      this.#tell();
    }
    get(name) {
      return this.#list.find(([n]) => n === String(name))?.[1] ?? null;
    }
    getAll(name) {
      return this.#list.filter(([n]) => n === String(name)).map(([, v]) => v);
    }
    has(name, value) {
      return this.#list.some(
        ([n, v]) => n === String(name) && (value === undefined || v === String(value)),
      );
    }
    set(name, value) {
      const at = this.#list.findIndex(([n]) => n === String(name));
      if (at < 0) return this.append(name, value);
      this.#list = this.#list.filter(([n], place) => n !== String(name) || place === at);
      this.#list[at][1] = String(value);
      this.#tell();
    }
    sort() {
      this.#list.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      this.#tell();
    }
    forEach(work, that) {
      for (const [n, v] of this.#list) work.call(that, v, n, this);
    }
    *entries() {
      for (const pair of this.#list) yield [...pair];
    }
    *keys() {
      for (const [name] of this.#list) yield name;
    }
    *values() {
      for (const [, value] of this.#list) yield value;
    }
    [Symbol.iterator]() {
      return this.entries();
    }
    get size() {
      return this.#list.length;
    }
    toString() {
      return this.#list.map(([n, v]) => `${encode(n)}=${encode(v)}`).join('&');
    }
    get [Symbol.toStringTag]() {
      return 'URLSearchParams';
    }
    [inspectCustom]() {
      const pairs = this.#list.map(([n, v]) => `${native.inspect(n)} => ${native.inspect(v)}`);
      return pairs.length ? `URLSearchParams { ${pairs.join(', ')} }` : 'URLSearchParams {}';
    }
  }
  const { of, read } = URLSearchParams;
  delete URLSearchParams.of;
  delete URLSearchParams.read;

  function parseQuery(text, separator = '&', equals = '=') {
    const found = Object.create(null);
    for (const part of String(text).split(separator).filter(Boolean)) {
      const at = part.indexOf(equals);
      const name = decode(at < 0 ? part : part.slice(0, at));
      const value = at < 0 ? '' : decode(part.slice(at + equals.length));
      if (name in found) found[name] = [].concat(found[name], value);
      else found[name] = value;
    }
    return found;
  }
  const stringifyQuery = (object, separator = '&', equals = '=') =>
    Object.entries(object)
      .flatMap(([name, value]) =>
        []
          .concat(value)
          .map((it) => encodeURIComponent(name) + equals + encodeURIComponent(it ?? '')),
      )
      .join(separator);

  Object.assign(exports, { URLSearchParams, of, read });
  exports.fileURLToPath = (url) => decodeURIComponent(new URL(url).pathname);
  exports.pathToFileURL = (path) => new URL(`file://${encodeURI(require('path').resolve(path))}`);
  exports.parse = (text, query) => {
    const parts = native.parseUrl(text) ?? native.parseUrl(text, 'none://none');
    const relative = !native.parseUrl(text);
    const search = parts.search || null;
    return {
      protocol: relative ? null : parts.protocol,
      slashes: relative ? null : true,
      auth: parts.username ? parts.username + (parts.password && `:${parts.password}`) : null,
      host: relative ? null : parts.host,
      port: parts.port || null,
      hostname: relative ? null : parts.hostname,
      hash: parts.hash || null,
      search,
      query: query ? parseQuery(parts.search.slice(1)) : search && search.slice(1),
      pathname: parts.pathname,
      path: parts.pathname + parts.search,
      href: relative ? text : parts.href,
    };
  };
  exports.format = (url) => String(url.href ?? url);
  exports.resolve = (from, to) => native.parseUrl(to, from)?.href ?? to;
  exports.domainToASCII = (name) => native.parseUrl(`http://${name}`)?.hostname ?? '';
  exports.querystring = {
    parse: parseQuery,
    decode: parseQuery,
    stringify: stringifyQuery,
    encode: stringifyQuery,
    escape: encodeURIComponent,
    unescape: decode,
  };
});
