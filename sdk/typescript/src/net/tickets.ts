import { identityOf } from "./peer.js";

/** A coordinator's tickets: JSON Web Tokens (RFC 7519) signed with Ed25519 (EdDSA, RFC 8037). They say which server takes the player, by its DTLS certificate. */

export interface TicketClaims { issuer: string; issuedAt: number; expiresAt: number; world: string; server: string; player: number; fingerprint: string }
/** Public keys by their id (kid): 32 bytes each. */
export type TicketKeys = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Why a ticket is not to be trusted. */
export class Untrusted extends Error {}

const TICKET_BYTES_MAX = 2_048;
const KEYS_MAX = 16;

/** Of a JSON Web Key Set (RFC 7517), as at /.well-known/muster-keys.json. Keys of another kind are left out. */
export function readKeys(set: unknown): TicketKeys {
  const keys = new Map<string, Uint8Array<ArrayBuffer>>();
  const all = (set as { keys?: unknown } | null)?.keys;
  for (const one of Array.isArray(all) ? all.slice(0, KEYS_MAX) : []) {
    const { kty, crv, kid, x } = (one ?? {}) as Record<string, unknown>;
    if (kty !== "OKP" || crv !== "Ed25519" || typeof kid !== "string" || typeof x !== "string") continue;
    const bytes = fromBase64Url(x);
    if (bytes?.length === 32) keys.set(kid, bytes);
  }
  return keys;
}

/** The id of the key that a ticket says it is signed with; undefined when it is no signed ticket, as a world server's own. */
export function keyOf(ticket: string): string | undefined {
  const parts = ticket.split("~")[0]!.split(".");
  if (parts.length !== 3 || ticket.length > TICKET_BYTES_MAX) return undefined;
  const { alg, kid } = jsonOf(parts[0]!);
  return alg === "EdDSA" && typeof kid === "string" ? kid : undefined;
}

/**
 * What a ticket says, once it is certain that one of `keys` signed it, for this world, and that the description `sdp` is of the server that it names. Throws
 * Untrusted. `nowMs` is the time of the day: a ticket that ended is none.
 */
export async function checkTicket(ticket: string, sdp: string, world: string, keys: TicketKeys, nowMs: number): Promise<TicketClaims> {
  const kid = keyOf(ticket);
  if (kid === undefined) throw new Untrusted("The server's ticket is not signed.");
  const key = keys.get(kid);
  if (!key) throw new Untrusted("The server's ticket is signed with a key that nobody knows.");
  const signed = ticket.split("~")[0]!;
  const end = signed.lastIndexOf(".");
  const signature = fromBase64Url(signed.slice(end + 1));
  if (signature?.length !== 64 || !(await isSigned(key, signature, new TextEncoder().encode(signed.slice(0, end))))) throw new Untrusted("The signature of the server's ticket is wrong.");
  const claims = claimsOf(signed);
  if (claims.world !== world) throw new Untrusted("The server's ticket is for another world.");
  if (!(claims.expiresAt * 1_000 > nowMs)) throw new Untrusted("The server's ticket has ended, or this machine's clock is wrong.");
  const [algorithm, shown] = identityOf(sdp).split(/\s+/);
  if (!claims.fingerprint || algorithm?.toLowerCase() !== "sha-256" || shown?.toUpperCase() !== claims.fingerprint.toUpperCase()) {
    throw new Untrusted("Another server answered than the one that the ticket is for.");
  }
  return claims;
}

function claimsOf(signed: string): TicketClaims {
  const got = jsonOf(signed.split(".")[1]!);
  const text = (name: string): string => (typeof got[name] === "string" ? (got[name] as string) : "");
  const number = (name: string): number => (typeof got[name] === "number" ? (got[name] as number) : 0);
  return { issuer: text("iss"), issuedAt: number("iat"), expiresAt: number("exp"), world: text("world"), server: text("server"), player: number("player"), fingerprint: text("fp") };
}

/** By the browser's own code where it has that: of secure pages, and not in all browsers. Else by a library, which is fetched for it. */
async function isSigned(key: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>): Promise<boolean> {
  try {
    const own = await globalThis.crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    return await globalThis.crypto.subtle.verify({ name: "Ed25519" }, own, signature, message);
  } catch {
    const { ed25519 } = await import("@noble/curves/ed25519.js");
    return ed25519.verify(signature, message, key, { zip215: false });
  }
}

function jsonOf(part: string): Record<string, unknown> {
  try {
    const got: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(fromBase64Url(part)));
    return typeof got === "object" && got !== null && !Array.isArray(got) ? (got as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
