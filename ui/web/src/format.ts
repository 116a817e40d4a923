// Times and lengths as people read them.
import { type Key, locale, t } from "./i18n";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
export const ownZone = zone;

const cache = new Map<string, Intl.DateTimeFormat>();

/** Making a formatter takes far longer than using one. */
function formatter(o: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale()} ${o.timeZone} ${o.year} ${o.timeZoneName}`;
  let f = cache.get(key);
  if (!f) {
    f = new Intl.DateTimeFormat(locale() === "zh" ? "zh-CN" : "en-GB", o);
    cache.set(key, f);
  }
  return f;
}

export function isTime(text?: string): text is string {
  return !!text && !text.startsWith("0001-");
}

/** Date and time to the second, in a zone: yours, if none is named. */
export function absolute(text: string | number | undefined, tz?: string, zoneName = false): string {
  if (text === undefined || (typeof text === "string" && !isTime(text))) return "–";
  const o: Intl.DateTimeFormatOptions = {
    timeZone: tz || zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  };
  if (zoneName) o.timeZoneName = "short";
  try {
    const parts = Object.fromEntries(
      formatter(o)
        .formatToParts(new Date(text))
        .map((p) => [p.type, p.value]),
    );
    const s = `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute}:${parts.second}`;
    return zoneName ? `${s} ${parts.timeZoneName}` : s;
  } catch {
    return new Date(text).toISOString(); // a zone that this browser does not know
  }
}

export function clock(ms: number, tz?: string): string {
  return formatter({ timeZone: tz || zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(ms);
}

const units: [number, Key][] = [
  [86400, "unit.d"],
  [3600, "unit.h"],
  [60, "unit.m"],
  [1, "unit.s"],
];

/** A length of time in its two largest units. */
export function span(ms: number): string {
  if (ms < 0) ms = 0;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} ${t("unit.s")}`;
  let rest = Math.round(ms / 1000);
  const out: string[] = [];
  for (const [size, name] of units) {
    const n = Math.floor(rest / size);
    if (n > 0 || out.length > 0) out.push(`${n} ${t(name)}`);
    rest -= n * size;
    if (out.length === 2) break;
  }
  return out.filter((p, i) => i === 0 || !p.startsWith("0 ")).join(" ");
}

const iso = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/;

/** A duration of a definition (PT1H30M) as people read it; what is none stays as it is. */
export function duration(text: string): string {
  const m = iso.exec(text);
  if (!m || text === "P" || text.endsWith("T")) return text;
  const [d, h, min, s] = m.slice(1).map((x) => Number(x ?? 0));
  return span((((d * 24 + h) * 60 + min) * 60 + s) * 1000);
}

/** The days of a week from Monday on, in short. */
export const weekdays = () =>
  Array.from({ length: 7 }, (_, i) => formatter({ timeZone: "UTC", weekday: "short" }).format(Date.UTC(2026, 0, 5 + i)));

/** A month, counted from 0, in short. */
export const monthName = (month: number) => formatter({ timeZone: "UTC", month: "short" }).format(Date.UTC(2026, month, 1));

/** A length of time in whole units, for something that counts. */
function coarse(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  for (const [size, name] of units) if (s >= size || size === 1) return `${Math.floor(s / size)} ${t(name)}`;
  return "";
}

export function relative(text: string | number | undefined, now: number): string {
  if (text === undefined || (typeof text === "string" && !isTime(text))) return "";
  const d = new Date(text).getTime() - now;
  if (Math.abs(d) < 1000) return t("time.now");
  return d > 0 ? t("time.in", { span: coarse(d) }) : t("time.ago", { span: coarse(-d) });
}

export function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  if (n < 1 << 20) return `${(n / 1024).toFixed(1)} KiB`;
  if (n < 1 << 30) return `${(n / (1 << 20)).toFixed(1)} MiB`;
  return `${(n / (1 << 30)).toFixed(1)} GiB`;
}

const numbers = { en: new Intl.NumberFormat("en-GB"), zh: new Intl.NumberFormat("zh-CN") };

export const count = (n: number): string => numbers[locale()].format(n);
