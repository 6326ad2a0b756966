import { signal } from "@preact/signals";
import { ApiClient, ApiError } from "../api/client";
import type { Game, Operation, WhoAmI } from "../api/types";
import { capital } from "../words/format";
import { Fleet } from "./fleet";
import { tell } from "./notices";

/** One signed-in person: who they are, the client that carries their token, and the fleet they see. */
export interface Session {
  me: WhoAmI;
  client: ApiClient;
  fleet: Fleet;
}

const KEY = "muster.token";

export const session = signal<Session | null>(null);
export const restoring = signal(true);
export const goodbye = signal("");

const mine = new Set<string>();

/** The parts inside the shell are only ever drawn for a signed-in person. */
export function current(): Session {
  const value = session.value;
  if (!value) throw new Error("nobody is signed in");
  return value;
}

export function storedToken(): string {
  return sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY) ?? "";
}

export async function signIn(token: string, remember: boolean, client = new ApiClient(token)): Promise<void> {
  const me = await client.get<WhoAmI>("/whoami");
  (remember ? localStorage : sessionStorage).setItem(KEY, token);
  begin(me, client);
}

/** Takes up the token of an earlier visit. A token that stopped working is forgotten; a coordinator that is away is not its fault. */
export async function restore(): Promise<void> {
  const token = storedToken();
  if (token) {
    try {
      const client = new ApiClient(token);
      begin(await client.get<WhoAmI>("/whoami"), client);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        forget();
        goodbye.value = "Your token is no longer accepted. Sign in again.";
      } else {
        goodbye.value = "The coordinator cannot be reached. Your token is kept; try again in a moment.";
      }
    }
  }
  restoring.value = false;
}

export function signOut(reason = ""): void {
  session.value?.fleet.close();
  session.value = null;
  games.value = null;
  mine.clear();
  forget();
  goodbye.value = reason;
}

function forget(): void {
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(KEY);
}

function begin(me: WhoAmI, client: ApiClient): void {
  const fleet = new Fleet(client, me.servers === null);
  client.onSignedOut = () => signOut("Your token is no longer accepted. Sign in again.");
  fleet.onFinished = announce;
  goodbye.value = "";
  session.value = { me, client, fleet };
  if (me.role !== "allocator") fleet.start();
}

function announce(operation: Operation): void {
  const what = `${capital(operation.kind)}${operation.server_name ? ` of ${operation.server_name}` : ""}`;
  const link = operation.server_id ? { href: `/servers/${operation.server_id}/activity`, text: "Show" } : { href: "/operations", text: "Show" };
  if (operation.state === "failed") tell("bad", `${what} failed: ${operation.error?.message || operation.detail || "no reason was given"}`, link);
  else if (operation.state === "succeeded" && mine.delete(operation.id)) tell("good", `${what} is done.`);
}

/** Starts a long action, and remembers that this person asked for it. The answer may carry more than the operation. */
export async function begun<T extends object>(call: Promise<T>): Promise<T> {
  const body = await call;
  const operation = ("operation" in body ? body.operation : body) as Operation | null;
  if (operation?.id) {
    mine.add(operation.id);
    current().fleet.putOperation(operation);
  }
  return body;
}

// What a role may do; the coordinator decides, the page only hides what it would refuse.
export function mayOperate(): boolean {
  const role = session.value?.me.role;
  return role === "operator" || role === "admin";
}
export function mayAdminister(): boolean {
  return session.value?.me.role === "admin";
}
/** Whether the nodes may be seen: not by a token that is limited to some servers. */
export function seesNodes(): boolean {
  return session.value?.me.servers === null;
}
/** A token that is limited to some servers may act on those, and deploy none. */
export function mayDeploy(): boolean {
  return mayOperate() && session.value?.me.servers === null;
}

export const games = signal<Game[] | null>(null);

export async function loadGames(): Promise<Game[]> {
  const list = await current().client.all<Game>("/games");
  list.sort((a, b) => a.name.localeCompare(b.name));
  games.value = list;
  return list;
}
