// Numbers, dates and comparisons as people of the United States write them: the engine brings no
// data of other languages.
(function (native, require, exports) {
  'use strict';

  const grouped = (digits) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  const signs = { USD: '$', EUR: '€', GBP: '£', JPY: '¥', INR: '₹', CNY: 'CN¥', KRW: '₩' };

  // Rounds half away from zero, as Intl does, on the digits of the number.
  function fixed(number, least, most) {
    let text = number.toFixed(Math.min(most, 100));
    const [whole, part = ''] = text.split('.');
    const kept = part.replace(/0+$/, '').padEnd(least, '0');
    return kept ? `${whole}.${kept}` : whole;
  }

  function formatNumber(value, options = {}) {
    if (typeof value === 'bigint') return grouped(String(value));
    const number = Number(value);
    if (Number.isNaN(number)) return 'NaN';
    const { style = 'decimal', currency, notation } = options;
    const usual = style === 'currency' ? (currency === 'JPY' || currency === 'KRW' ? 0 : 2) : 0;
    const least =
      options.minimumFractionDigits ?? Math.min(usual, options.maximumFractionDigits ?? usual);
    const most =
      options.maximumFractionDigits ??
      Math.max(least, style === 'currency' ? usual : style === 'percent' ? 0 : 3);
    let size = Math.abs(style === 'percent' ? number * 100 : number);
    let unit = '';
    if (notation === 'compact') {
      const units = [
        [1e12, 'T'],
        [1e9, 'B'],
        [1e6, 'M'],
        [1e3, 'K'],
      ];
      const found = units.find(([from]) => size >= from);
      if (found) [size, unit] = [size / found[0], found[1]];
      const digits = size < 100 ? 1 : 0;
      unit =
        fixed(
          size,
          0,
          options.maximumFractionDigits ?? (size < 10 ? 1 : digits && size < 100 ? 0 : 0),
        ) + unit;
    }
    let text;
    if (!Number.isFinite(size)) text = '∞';
    else if (unit) text = unit;
    else if (options.maximumSignificantDigits)
      text = String(Number(size.toPrecision(options.maximumSignificantDigits)));
    else text = fixed(size, least, most);
    if (options.minimumIntegerDigits) {
      const [whole, part] = text.split('.');
      text = whole.padStart(options.minimumIntegerDigits, '0') + (part ? `.${part}` : '');
    }
    if (options.useGrouping !== false && Number.isFinite(size)) {
      const [whole, part] = text.split('.');
      text = grouped(whole) + (part === undefined ? '' : `.${part}`);
    }
    if (style === 'currency') text = (signs[currency] ?? `${currency}\u00a0`) + text;
    if (style === 'percent') text += '%';
    if (style === 'unit') text += ` ${options.unit}`;
    const negative = number < 0 || Object.is(number, -0);
    return (negative ? '-' : '') + text;
  }

  const months = [
    'January',
    'February',
    'March',
    'April',
    'May',
    'June',
    'July',
    'August',
    'September',
    'October',
    'November',
    'December',
  ];
  const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
  const two = (number) => String(number).padStart(2, '0');

  function checkZone(zone) {
    if (zone === undefined || /^(utc|gmt|etc\/(utc|gmt))$/i.test(zone)) return;
    throw new RangeError(
      `the time zone ${zone} is not here: times are UTC, and the tool date knows zones`,
    );
  }

  function formatDate(date, options = {}, parts) {
    if (Number.isNaN(date.getTime())) return 'Invalid Date';
    checkZone(options.timeZone);
    let { weekday, year, month, day, hour, minute, second } = options;
    if (options.dateStyle) {
      const style = options.dateStyle;
      [year, day] = [style === 'short' ? '2-digit' : 'numeric', 'numeric'];
      month = { full: 'long', long: 'long', medium: 'short', short: 'numeric' }[style];
      if (style === 'full') weekday = 'long';
    }
    if (options.timeStyle)
      [hour, minute, second] = [
        'numeric',
        '2-digit',
        options.timeStyle === 'short' ? undefined : '2-digit',
      ];
    const asked = [weekday, year, month, day, hour, minute, second].some(Boolean);
    const wantsDate = [weekday, year, month, day].some(Boolean);
    const wantsTime = [hour, minute, second].some(Boolean);
    if (!asked || (parts === 'date' && !wantsDate) || (parts === 'time' && !wantsTime)) {
      if (parts !== 'time') [year, month, day] = ['numeric', 'numeric', 'numeric'];
      if (parts !== 'date') [hour, minute, second] = ['numeric', '2-digit', '2-digit'];
    }
    const y =
      year &&
      (year === '2-digit' ? two(date.getUTCFullYear() % 100) : String(date.getUTCFullYear()));
    const d = day && (day === '2-digit' ? two(date.getUTCDate()) : String(date.getUTCDate()));
    const name = months[date.getUTCMonth()];
    const w =
      weekday && (weekday === 'long' ? days[date.getUTCDay()] : days[date.getUTCDay()].slice(0, 3));
    let text = '';
    if (month === 'long' || month === 'short') {
      const m = month === 'long' ? name : name.slice(0, 3);
      const md = d ? `${m} ${d}` : m;
      text = [w, y ? (d ? `${md}, ${y}` : `${md} ${y}`) : md].filter(Boolean).join(', ');
    } else {
      const m =
        month &&
        (month === '2-digit' ? two(date.getUTCMonth() + 1) : String(date.getUTCMonth() + 1));
      text = [w, [m, d, y].filter(Boolean).join('/')].filter(Boolean).join(', ');
    }
    if (!hour && !minute && !second) return text;
    const twelve =
      options.hour12 ?? (options.hourCycle ? options.hourCycle.startsWith('h1') : true);
    const h = date.getUTCHours();
    // `hour12: false` alone means hours from 1 to 24 there.
    const day24 = options.hour12 === false && !options.hourCycle;
    const shownHour = twelve ? h % 12 || 12 : day24 ? h || 24 : h;
    const clock = [
      hour && (hour === '2-digit' || !twelve ? two(shownHour) : String(shownHour)),
      minute && two(date.getUTCMinutes()),
      second && two(date.getUTCSeconds()),
    ]
      .filter(Boolean)
      .join(':');
    const time =
      clock +
      (hour && twelve ? ` ${h < 12 ? 'AM' : 'PM'}` : '') +
      (options.timeZoneName ? ' UTC' : '');
    const long = options.dateStyle === 'full' || options.dateStyle === 'long';
    return text ? `${text}${long ? ' at ' : ', '}${time}` : time;
  }

  // Letters before their case and accents, digits before letters.
  const plain = (text) =>
    text
      .normalize('NFD')
      .replace(/[\u0300-\u036f]/g, '')
      .toLowerCase();
  function compare(a, b, options = {}) {
    const order = (x, y) => (x < y ? -1 : x > y ? 1 : 0);
    if (options.numeric) {
      const split = (text) => plain(text).split(/(\d+)/);
      const [left, right] = [split(a), split(b)];
      for (let at = 0; at < Math.min(left.length, right.length); at++) {
        const found =
          at % 2 ? order(Number(left[at]), Number(right[at])) : base(left[at], right[at]);
        if (found) return found;
      }
      if (left.length !== right.length) return order(left.length, right.length);
    } else {
      const found = base(plain(a), plain(b));
      if (found) return found;
    }
    if (options.sensitivity === 'base') return 0;
    const accents = order(a.normalize('NFD').toLowerCase(), b.normalize('NFD').toLowerCase());
    if (accents || options.sensitivity === 'accent') return accents;
    // Small letters come before capital ones.
    return order(b, a);
  }
  const rank = (character) =>
    /[\p{L}]/u.test(character) ? 3 : /\p{N}/u.test(character) ? 2 : /\s/.test(character) ? 0 : 1;
  function base(a, b) {
    const [left, right] = [[...a], [...b]];
    for (let at = 0; at < Math.min(left.length, right.length); at++) {
      if (left[at] === right[at]) continue;
      const [x, y] = [rank(left[at]), rank(right[at])];
      if (x !== y) return x < y ? -1 : 1;
      return left[at] < right[at] ? -1 : 1;
    }
    return Math.sign(left.length - right.length);
  }

  class NumberFormat {
    constructor(locale, options = {}) {
      Object.defineProperty(this, 'options', { value: options });
      this.format = (value) => formatNumber(value, options);
    }
    resolvedOptions() {
      return { locale: 'en-US', numberingSystem: 'latn', ...this.options };
    }
  }
  class DateTimeFormat {
    constructor(locale, options = {}) {
      checkZone(options.timeZone);
      Object.defineProperty(this, 'options', { value: options });
      this.format = (value = new Date()) => formatDate(new Date(value), options, 'date');
    }
    resolvedOptions() {
      return { locale: 'en-US', calendar: 'gregory', timeZone: 'UTC', ...this.options };
    }
  }
  class Collator {
    constructor(locale, options) {
      this.compare = (a, b) => compare(String(a), String(b), options);
    }
  }
  class PluralRules {
    constructor(locale, options = {}) {
      this.select = (number) => {
        if (options.type !== 'ordinal') return number === 1 ? 'one' : 'other';
        const [ones, tens] = [number % 10, number % 100];
        if (tens >= 11 && tens <= 13) return 'other';
        return { 1: 'one', 2: 'two', 3: 'few' }[ones] ?? 'other';
      };
    }
  }
  class ListFormat {
    constructor(locale, { type = 'conjunction' } = {}) {
      const word = type === 'disjunction' ? 'or' : 'and';
      this.format = (list) => {
        const all = [...list];
        if (all.length < 3) return all.join(` ${word} `);
        return `${all.slice(0, -1).join(', ')}, ${word} ${all.at(-1)}`;
      };
    }
  }
  class Segmenter {
    constructor(locale, { granularity = 'grapheme' } = {}) {
      this.segment = (text) => {
        const parts =
          granularity === 'word'
            ? (text.match(/[\p{L}\p{N}_']+|[^\p{L}\p{N}_']/gu) ?? [])
            : [...text];
        let index = 0;
        return parts.map((segment) => {
          const part = { segment, index, input: text };
          if (granularity === 'word') part.isWordLike = /[\p{L}\p{N}]/u.test(segment);
          index += segment.length;
          return part;
        });
      };
    }
  }

  exports.Intl = { NumberFormat, DateTimeFormat, Collator, PluralRules, ListFormat, Segmenter };
  for (const Kind of Object.values(exports.Intl)) Kind.supportedLocalesOf = () => ['en-US'];
  Object.defineProperty(exports.Intl, Symbol.toStringTag, { value: 'Intl' });
  exports.number = formatNumber;
  exports.date = formatDate;
  exports.compare = compare;
});
