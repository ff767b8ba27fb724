// Times in the reader's zone; the title says UTC.

import { el } from "./dom.js";

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const MINUTE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const AGO = new Intl.RelativeTimeFormat(undefined, { numeric: "always" });
const STEPS = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60]];

const utc = (moment) => `${moment.toISOString().slice(0, 16).replace("T", " ")} UTC`;

const stamp = (iso, text) =>
  el("time", { datetime: iso, title: utc(new Date(iso)) }, text(new Date(iso)));

/** "3 years ago" */
export function ago(moment, now = Date.now()) {
  const seconds = (moment.getTime() - now) / 1000;
  const step = STEPS.find(([, size]) => Math.abs(seconds) >= size);
  return step ? AGO.format(Math.trunc(seconds / step[1]), step[0]) : "just now";
}

export const day = (iso) => stamp(iso, (moment) => DAY.format(moment));
export const minute = (iso) => stamp(iso, (moment) => MINUTE.format(moment));
export const since = (iso) => stamp(iso, (moment) => ago(moment));
