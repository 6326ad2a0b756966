import type { GameVariable } from "../api/types";

/** A game's variables as form fields. Pure: the same rules as the coordinator's, so that most mistakes show before sending. */

/** What a secret looks like once it is stored; never sent back. */
export const MASK = "********";

export type Values = Record<string, string>;

export type Widget = "text" | "secret" | "number" | "switch" | "choice";

export function widgetOf(variable: GameVariable): Widget {
  if (variable.choices && variable.choices.length > 0) return "choice";
  if (variable.type === "boolean") return "switch";
  if (variable.secret) return "secret";
  return variable.type === "number" ? "number" : "text";
}

export function labelOf(variable: GameVariable): string {
  if (variable.label) return variable.label;
  const words = variable.name.toLowerCase().replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function defaultOf(variable: GameVariable): string {
  const value = variable.default;
  return value === undefined || value === null ? "" : String(value);
}

export function initialValues(variables: readonly GameVariable[]): Values {
  return Object.fromEntries(variables.map((variable) => [variable.name, defaultOf(variable)]));
}

const TRUE = new Set(["true", "1", "yes", "on"]);
const FALSE = new Set(["false", "0", "no", "off"]);

export function isOn(text: string): boolean {
  return TRUE.has(text.trim().toLowerCase());
}

/** Writes a switch in the spelling the game's default uses: many programs know only one of 1, true and yes. */
export function spellSwitch(variable: GameVariable, on: boolean): string {
  const pairs: [string, string][] = [["true", "false"], ["1", "0"], ["yes", "no"], ["on", "off"]];
  const spelled = defaultOf(variable).trim();
  const pair = pairs.find(([yes, no]) => [yes, no].includes(spelled.toLowerCase())) ?? pairs[0]!;
  const word = on ? pair[0] : pair[1];
  const first = spelled.charAt(0);
  return first && first !== first.toLowerCase() ? word.charAt(0).toUpperCase() + word.slice(1) : word;
}

/** The reason why a text will not do, as a sentence; empty when it will. */
export function complaint(variable: GameVariable, text: string): string {
  if (text === "") return variable.required ? `${labelOf(variable)} is required.` : "";
  if (variable.secret && text === MASK) return "";
  const widget = widgetOf(variable);
  if (widget === "choice" && !variable.choices!.includes(text)) return `Choose one of: ${variable.choices!.join(", ")}.`;
  if (widget === "switch" && !TRUE.has(text.toLowerCase()) && !FALSE.has(text.toLowerCase())) return "This must be on or off.";
  if (variable.type === "number") return numberComplaint(variable, text);
  return textComplaint(variable, text);
}

function numberComplaint(variable: GameVariable, text: string): string {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return "This must be a number.";
  const { min, max } = variable;
  if (typeof min === "number" && typeof max === "number" && (value < min || value > max)) return `This must be from ${min} to ${max}.`;
  if (typeof min === "number" && value < min) return `This must be at least ${min}.`;
  if (typeof max === "number" && value > max) return `This must be at most ${max}.`;
  return "";
}

function textComplaint(variable: GameVariable, text: string): string {
  const length = new TextEncoder().encode(text).length;
  if (typeof variable.length_max === "number" && variable.length_max > 0 && length > variable.length_max) {
    return `This may be at most ${variable.length_max} characters long.`;
  }
  if (!variable.pattern) return "";
  try {
    return new RegExp(`^(?:${variable.pattern})$`).test(text) ? "" : `This does not have the required form (${variable.pattern}).`;
  } catch {
    return ""; // A pattern of another dialect: the coordinator judges.
  }
}

export function complaints(variables: readonly GameVariable[], values: Values): Record<string, string> {
  const found: Record<string, string> = {};
  for (const variable of variables) {
    const reason = complaint(variable, values[variable.name] ?? "");
    if (reason) found[`variables.${variable.name}`] = reason;
  }
  return found;
}

/** What a deploy sends: only what says something; defaults stay the game's own, so that a better default reaches old servers. */
export function variablesToSend(variables: readonly GameVariable[], values: Values): Values {
  const sent: Values = {};
  for (const variable of variables) {
    const text = values[variable.name] ?? "";
    if (text !== defaultOf(variable)) sent[variable.name] = text;
  }
  return sent;
}

/** The merge patch from what is stored to what the form says; null takes a variable back to its default. */
export function variablesPatch(variables: readonly GameVariable[], stored: Values, values: Values): Record<string, string | null> {
  const patch: Record<string, string | null> = {};
  for (const variable of variables) {
    const text = values[variable.name] ?? "";
    const before = stored[variable.name] ?? "";
    if (text === before || (variable.secret && text === MASK)) continue;
    if (variable.secret && text === "" && before === MASK) continue;
    patch[variable.name] = text === "" && !variable.required ? null : text;
  }
  return patch;
}
