// `path`: names of files, as POSIX has them.
(function (native, require) {
  'use strict';

  function text(value, name = 'path') {
    if (typeof value === 'string') return value;
    throw Object.assign(
      new TypeError(
        `The "${name}" argument must be of type string. Received ${native.inspect(value)}`,
      ),
      { code: 'ERR_INVALID_ARG_TYPE' },
    );
  }

  function normalize(path) {
    if (text(path) === '') return '.';
    const absolute = path.startsWith('/');
    const parts = [];
    for (const part of path.split('/')) {
      if (part === '' || part === '.') continue;
      if (part !== '..') parts.push(part);
      else if (parts.length && parts.at(-1) !== '..') parts.pop();
      else if (!absolute) parts.push('..');
    }
    const end = path.endsWith('/') && parts.length ? '/' : '';
    return (absolute ? '/' : '') + parts.join('/') + end || '.';
  }
  function join(...parts) {
    const joined = parts
      .map((part) => text(part))
      .filter(Boolean)
      .join('/');
    return joined ? normalize(joined) : '.';
  }
  function resolve(...parts) {
    let path = '';
    for (const part of parts.reverse()) {
      text(part);
      if (part) path = path ? `${part}/${path}` : part;
      if (path.startsWith('/')) break;
    }
    if (!path.startsWith('/')) path = `/workspace/${path}`;
    const clean = normalize(path);
    return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
  }
  const trimmed = (path) => path.replace(/(?!^)\/+$/, '');
  function dirname(path) {
    const clean = trimmed(text(path));
    const at = clean.lastIndexOf('/');
    if (at === -1) return '.';
    return at === 0 ? '/' : trimmed(clean.slice(0, at)) || '/';
  }
  function basename(path, ending = '') {
    const clean = trimmed(text(path));
    const name = clean.slice(clean.lastIndexOf('/') + 1);
    return ending && name !== ending && name.endsWith(ending)
      ? name.slice(0, -ending.length)
      : name;
  }
  function extname(path) {
    const name = basename(path);
    const at = name.lastIndexOf('.');
    return at <= 0 || name === '..' ? '' : name.slice(at);
  }
  function relative(from, to) {
    const [a, b] = [resolve(text(from, 'from')), resolve(text(to, 'to'))].map((path) =>
      path.split('/').filter(Boolean),
    );
    let same = 0;
    while (same < a.length && same < b.length && a[same] === b[same]) same++;
    return [...a.slice(same).map(() => '..'), ...b.slice(same)].join('/');
  }
  function parse(path) {
    const base = basename(path);
    const ext = extname(path);
    const root = path.startsWith('/') ? '/' : '';
    const clean = trimmed(path);
    const dir = clean.includes('/') ? dirname(path) : root;
    return { root, dir, base, ext, name: ext ? base.slice(0, -ext.length) : base };
  }
  function format({ root = '', dir, base, name = '', ext = '' }) {
    const last = base || name + (ext && !ext.startsWith('.') ? '.' : '') + ext;
    if (!dir) return root + last;
    return dir === root ? dir + last : `${dir}/${last}`;
  }

  const path = {
    sep: '/',
    delimiter: ':',
    basename,
    dirname,
    extname,
    format,
    join,
    normalize,
    parse,
    relative,
    resolve,
    isAbsolute: (path) => text(path).startsWith('/'),
    toNamespacedPath: (path) => path,
    matchesGlob: undefined,
  };
  delete path.matchesGlob;
  path.posix = path;
  return path;
});
