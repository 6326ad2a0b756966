import type { Game, GameVariable, Server } from "../api/types";
import { bytes, parseBytes } from "../words/format";
import { labelsText, limitComplaints, parseCpus, parseLabels } from "./deploy";
import { complaints, defaultOf, variablesPatch, type Values } from "./variables";

/** The settings form of a server that exists, and the merge patch it makes. Pure. */
export interface Settings {
  name: string;
  description: string;
  labels: string;
  memory: string;
  cpus: string;
  restart: boolean;
  variables: Values;
}

/** A server may outlive its game's definition: what it has stored is then shown as plain texts. */
export function variablesOf(game: Game | undefined, server: Server): GameVariable[] {
  if (game) return game.variables;
  return Object.keys(server.variables).map((name) => ({ name, secret: /PASS|SECRET|TOKEN|KEY/i.test(name) }));
}

export function settingsOf(game: Game | undefined, server: Server): Settings {
  const variables: Values = {};
  for (const variable of variablesOf(game, server)) variables[variable.name] = server.variables[variable.name] ?? defaultOf(variable);
  return {
    name: server.name, description: server.description, labels: labelsText(server.labels ?? {}), memory: server.memory_bytes ? bytes(server.memory_bytes) : "",
    cpus: server.cpus ? String(server.cpus) : "", restart: server.restart_on_crash, variables,
  };
}

export function settingsComplaints(game: Game | undefined, server: Server, form: Settings): Record<string, string> {
  const found: Record<string, string> = form.name.trim() === "" ? { name: "Give the server a name." } : {};
  return Object.assign(found, complaints(variablesOf(game, server), form.variables), limitComplaints(form.memory, form.cpus, form.labels));
}

/** Only what the person changed, so that two people who change different things do not undo each other. */
export function settingsPatch(game: Game | undefined, server: Server, form: Settings): Record<string, unknown> {
  const before = settingsOf(game, server);
  const patch: Record<string, unknown> = {};
  if (form.name.trim() !== before.name) patch.name = form.name.trim();
  if (form.description !== before.description) patch.description = form.description;
  if (form.memory !== before.memory) patch.memory_bytes = parseBytes(form.memory) ?? 0;
  if (form.cpus !== before.cpus) patch.cpus = parseCpus(form.cpus) ?? 0;
  if (form.restart !== before.restart) patch.restart_on_crash = form.restart;
  if (form.labels !== before.labels) patch.labels = labelsPatch(server.labels ?? {}, parseLabels(form.labels) ?? {});
  const variables = variablesPatch(variablesOf(game, server), before.variables, form.variables);
  if (Object.keys(variables).length > 0) patch.variables = variables;
  return patch;
}

function labelsPatch(before: Record<string, string>, after: Record<string, string>): Record<string, string | null> {
  const patch: Record<string, string | null> = {};
  for (const name of Object.keys(before)) if (!(name in after)) patch[name] = null;
  for (const [name, value] of Object.entries(after)) if (before[name] !== value) patch[name] = value;
  return patch;
}
