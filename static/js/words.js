// The page's own words. They stand in the template, so that another language needs no other script.

const words = JSON.parse(document.getElementById("words").textContent);

/** Fills `{name}` in a text; a value that is missing leaves nothing behind. */
export const fill = (text, values = {}) => text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");

/** The word of a dotted name, filled: `word("unit.seconds", {n: 4})` is "4 s". */
export const word = (name, values) => {
  const text = name.split(".").reduce((level, key) => level?.[key], words);
  return fill(text ?? "", values);
};

/** What a phase is called; before anything was seen of the box, nothing is claimed of it. */
export const phaseWord = ({ phase, headline }) => word(`phase.${headline.code === "unseen" ? "unseen" : phase}`);

export const language = document.documentElement.lang || "en";
