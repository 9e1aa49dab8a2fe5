// A sentence from the server is a template with values; the name of a value says how it is shown.

import { bytes, countdown, duration, moment, money } from "./format.js";

const SHORT = 20;

const kindOf = (key) => key.slice(key.lastIndexOf("_") + 1);

const shown = (key, value, { now, currency }) => {
  if (value === null || value === undefined) return "–";
  switch (kindOf(key)) {
    case "at":
    case "until":
      return moment(value, now);
    case "in":
      return countdown(Date.parse(value) - now);
    case "s":
      return duration(value);
    case "size":
      return bytes(value);
    case "money":
      return money(value, currency);
    default:
      return String(value);
  }
};

/** Leaves out the word that stands beside the sentence already: "On" and "On. Stops at ..." do not say it twice. */
const after = (lead, text) => {
  if (!lead || !text.startsWith(lead)) return text;
  const rest = text.slice(lead.length);
  if (rest === "" || rest === ".") return "";
  const tail = /^[.,:] (.+)$/s.exec(rest)?.[1];
  return tail ? tail[0].toUpperCase() + tail.slice(1) : text;
};

const parts = (message, lead) => after(lead, message.text).split(/\{(\w+)\}/);

/** The sentence as plain text, as of now. */
export const plain = (message, context, lead = "") =>
  parts(message, lead)
    .map((part, index) => (index % 2 ? shown(part, message.values?.[part], context) : part))
    .join("");

const timeElement = (key, value, context) => {
  const time = document.createElement("time");
  time.dateTime = value;
  time.textContent = shown(key, value, context);
  if (kindOf(key) === "in") time.dataset.tick = "in";
  return time;
};

/** Figures and short names such as zones stay on one line. */
const unbroken = (text) => {
  if (text.length > SHORT) return text;
  const figure = document.createElement("span");
  figure.className = "figure";
  figure.textContent = text;
  return figure;
};

/** Puts the sentence into an element, with its times as <time>; an unchanged sentence is left alone. */
export const say = (element, message, context, lead = "") => {
  const text = message ? plain(message, context, lead) : "";
  const key = message
    ? `${lead}|${message.text}|${JSON.stringify(message.values)}|${new Date(context.now).getDate()}`
    : "";
  element.hidden = text === "";
  if (element.said === key) return;
  element.said = key;
  const nodes = message
    ? parts(message, lead).map((part, index) => {
        if (index % 2 === 0) return part;
        const value = message.values?.[part];
        const isTime = ["at", "until", "in"].includes(kindOf(part)) && value;
        if (isTime) return timeElement(part, value, context);
        return unbroken(shown(part, value, context));
      })
    : [];
  element.replaceChildren(...nodes);
};

/** Sets plain text, touching the page only where it differs. */
export const write = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};
