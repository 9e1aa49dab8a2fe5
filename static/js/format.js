// Times in the reader's zone, durations as people say them, money with its currency.

import { language, word } from "./words.js";

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const weekday = new Intl.DateTimeFormat(language, { weekday: "short" });
const dayMonth = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
const calendar = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

const DAY = 86_400_000;

const daysBetween = (then, now) =>
  Math.round((new Date(then).setHours(0, 0, 0, 0) - new Date(now).setHours(0, 0, 0, 0)) / DAY);

const stamp = (iso, now, near, far) => {
  const then = new Date(iso);
  const time = clock.format(then);
  const days = daysBetween(then, now);
  if (days === 0) return time;
  if (Math.abs(days) === 1) return word(near, { time, day: relative.format(days, "day") });
  return word(far, { time, day: Math.abs(days) < 7 ? weekday.format(then) : dayMonth.format(then) });
};

/** In a sentence: "14:32" today, "21:10 yesterday", "21:10 on Mon" within a week, "21:10 on 3 Nov" beyond. */
export const moment = (iso, now) => stamp(iso, now, "moment_near", "moment_far");

/** In a table, the day first: "yesterday 21:10", "Mon 21:10". */
export const entry = (iso, now) => stamp(iso, now, "entry", "entry");

/** Two moments; the second one's day is said only where it differs. */
export const span = (from, to, now) =>
  word("range", {
    from: entry(from, now),
    to: daysBetween(to, from) === 0 ? clock.format(new Date(to)) : entry(to, now),
  });

/** "4 s", "12 min", "20 h 22 min", "3 d 4 h". */
export const duration = (seconds) => {
  const s = Math.max(0, Math.round(Number(seconds)));
  if (s < 100) return word("unit.seconds", { n: s });
  const m = Math.round(s / 60);
  if (m < 100) return word("unit.minutes", { n: m });
  const h = Math.floor(m / 60);
  if (h >= 48) return word("unit.days_hours", { d: Math.floor(h / 24), h: h % 24 });
  return m % 60 ? word("unit.hours_minutes", { h, m: m % 60 }) : word("unit.hours", { n: h });
};

/** Likewise, in steps that do not change every second: for what is only about so long. */
export const roughly = (seconds) => duration(seconds < 15 ? Math.ceil(seconds) : Math.ceil(seconds / 5) * 5);

/** "4:32", "1:04:32"; never below zero. */
export const countdown = (milliseconds) => {
  const s = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const h = Math.floor(s / 3600);
  const m = Math.floor((s % 3600) / 60);
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
};

export const money = (amount, currency = "USD") =>
  new Intl.NumberFormat(language, { style: "currency", currency, currencyDisplay: "narrowSymbol" }).format(amount);

/** Sums that need no cents, such as a month's savings. */
export const roundMoney = (amount, currency = "USD") =>
  new Intl.NumberFormat(language, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    maximumFractionDigits: Math.abs(amount) >= 100 ? 0 : 2,
  }).format(amount);

/** "640 kB", "6.5 GB": thousands, as on the labels of disks. */
export const bytes = (count) => {
  const exponent = Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(1, count * 1.0005)) / 3)));
  const amount = count / 1000 ** exponent;
  return word(`unit_size.${exponent}`, { n: amount.toFixed(exponent > 2 && amount < 100 ? 1 : 0) });
};

export const percent = (share) => word("unit.percent", { n: Math.round(share * 100) });

/** The month's name; Google's months begin in UTC. */
export const month = (at, style) => new Intl.DateTimeFormat(language, { month: style, timeZone: "UTC" }).format(at);

export const date = (iso) => calendar.format(new Date(iso));
