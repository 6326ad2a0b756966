import type { GameVariable } from "../api/types";

/** A game's variables as form fields. Pure: the same rules as the coordinator's, so that most mistakes show before sending. */

/** What a secret looks like once it is stored; never sent back. */
export const MASK = "********";

export type Values = Record<string, string>;

export type Widget = "text" | "secret" | "number" | "switch" | "choice" | "lines";

export function widgetOf(variable: GameVariable): Widget {
  if (variable.choices && variable.choices.length > 0) return "choice";
  if (variable.type === "boolean") return "switch";
  if (variable.secret) return "secret";
  if (variable.multiline) return "lines";
  return isNumber(variable) ? "number" : "text";
}

function isNumber(variable: GameVariable): boolean {
  return variable.type === "number" || variable.type === "integer";
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

/** A switch is stored as the game writes it ("1", "True"), or as people do. */
export function isOn(variable: GameVariable, text: string): boolean {
  if (text === (variable.on ?? "true")) return true;
  if (text === (variable.off ?? "false")) return false;
  return TRUE.has(text.trim().toLowerCase());
}

export function spellSwitch(variable: GameVariable, on: boolean): string {
  return on ? (variable.on ?? "true") : (variable.off ?? "false");
}

/** The reason why a text will not do, as a sentence; empty when it will. */
export function complaint(variable: GameVariable, text: string): string {
  if (text === "") return variable.required ? `${labelOf(variable)} is required.` : "";
  if (variable.secret && text === MASK) return "";
  const widget = widgetOf(variable);
  if (widget === "choice" && !variable.choices!.includes(text)) return `Choose one of: ${variable.choices!.join(", ")}.`;
  if (widget === "switch") return switchComplaint(variable, text);
  if (isNumber(variable)) return numberComplaint(variable, text);
  return textComplaint(variable, text);
}

function switchComplaint(variable: GameVariable, text: string): string {
  if (text === variable.on || text === variable.off) return "";
  return TRUE.has(text.toLowerCase()) || FALSE.has(text.toLowerCase()) ? "" : "This must be on or off.";
}

function numberComplaint(variable: GameVariable, text: string): string {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return "This must be a number.";
  if (variable.type === "integer" && !Number.isInteger(value)) return "This must be a whole number.";
  const { min, max } = variable;
  if (typeof min === "number" && typeof max === "number" && (value < min || value > max)) return `This must be from ${min} to ${max}.`;
  if (typeof min === "number" && value < min) return `This must be at least ${min}.`;
  if (typeof max === "number" && value > max) return `This must be at most ${max}.`;
  return "";
}

function textComplaint(variable: GameVariable, text: string): string {
  const length = [...text].length;
  if (typeof variable.length_min === "number" && length < variable.length_min) return `This must be at least ${variable.length_min} characters long.`;
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
