import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { checkTicket, keyOf, readKeys, Untrusted } from "./tickets.js";

const pair = generateKeyPairSync("ed25519");
const other = generateKeyPairSync("ed25519");
const FP = Array.from({ length: 32 }, (_, index) => (index + 160).toString(16).toUpperCase()).join(":");
const SDP = `v=0\r\na=ice-lite\r\na=fingerprint:sha-256 ${FP}\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n`;
const NOW = 1_800_000_000_000;

const jwk = (key: KeyObject, kid: string) => ({ ...(key.export({ format: "jwk" }) as object), kid, alg: "EdDSA", use: "sig" });
const keys = readKeys({ keys: [jwk(pair.publicKey, "k1"), { kty: "RSA", kid: "k2", n: "AQAB" }, null, { kty: "OKP", crv: "Ed25519", kid: "short", x: "AAAA" }] });
const encode = (what: unknown) => Buffer.from(JSON.stringify(what)).toString("base64url");
function ticket(claims: object = {}, header: object = {}, key = pair.privateKey): string {
  const signed = `${encode({ alg: "EdDSA", typ: "JWT", kid: "k1", ...header })}.${encode({ iss: "muster", iat: NOW / 1_000 - 5, exp: NOW / 1_000 + 60, world: "arena", server: "s1", player: 7, secret: "x", fp: FP, ...claims })}`;
  return `${signed}.${sign(null, Buffer.from(signed), key).toString("base64url")}`;
}

afterEach(() => void vi.unstubAllGlobals());

describe.each(["the browser's code", "the library"])("a ticket, checked by %s", (whose) => {
  const check = async (text: string, sdp = SDP, world = "arena") => {
    if (whose === "the library") vi.stubGlobal("crypto", {});
    return checkTicket(text, sdp, world, keys, NOW);
  };

  it("says which server it is for, when all of it is right", async () => {
    expect(await check(ticket())).toEqual({ issuer: "muster", issuedAt: NOW / 1_000 - 5, expiresAt: NOW / 1_000 + 60, world: "arena", server: "s1", player: 7, fingerprint: FP });
    expect(await check(`${ticket()}~a-later-token`)).toMatchObject({ server: "s1" });
    expect(await check(ticket(), SDP.replace(FP, FP.toLowerCase()))).toMatchObject({ server: "s1" });
  });

  it.each([
    ["another key's", ticket({}, {}, other.privateKey), "signature"],
    ["of a key that is not known", ticket({}, { kid: "k9" }), "nobody knows"],
    ["not signed", "0000-0001-secret", "not signed"],
    ["of another algorithm", ticket({}, { alg: "none" }), "not signed"],
    ["for another world", ticket({ world: "field" }), "another world"],
    ["ended", ticket({ exp: NOW / 1_000 }), "ended"],
    ["of no end", ticket({ exp: "never" }), "ended"],
    ["for another server", ticket({ fp: FP.replace("A0", "00") }), "Another server"],
    ["for no server", ticket({ fp: undefined }), "Another server"],
  ])("is refused when it is %s", async (_, text, reason) => {
    const refused = await check(text).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Untrusted);
    expect(String(refused)).toContain(reason);
  });

  it("is refused when the description has another fingerprint, or none", async () => {
    await expect(check(ticket(), SDP.replace("A0:", "A1:"))).rejects.toThrow("Another server");
    await expect(check(ticket(), "v=0\r\n")).rejects.toThrow("Another server");
    await expect(check(ticket(), SDP.replace("sha-256", "sha-1"))).rejects.toThrow("Another server");
  });

  it("is refused with any letter of it changed", async () => {
    const whole = ticket();
    for (let at = 0; at < whole.length; at += 7) {
      // The last letter of a signature has bits that count for nothing.
      if (at === whole.length - 1 || whole[at] === ".") continue;
      const changed = whole.slice(0, at) + (whole[at] === "A" ? "B" : "A") + whole.slice(at + 1);
      await expect(check(changed), `at ${at}`).rejects.toBeInstanceOf(Untrusted);
    }
  });
});

describe("keys", () => {
  it("are those that can be used, and nonsense is no key", () => {
    expect([...keys.keys()]).toEqual(["k1"]);
    for (const nonsense of [null, 3, {}, { keys: 3 }, { keys: [3, "a", {}] }]) expect(readKeys(nonsense).size).toBe(0);
    expect(readKeys({ keys: Array.from({ length: 100 }, (_, index) => jwk(pair.publicKey, `k${index}`)) }).size).toBe(16);
  });

  it("are named by signed tickets alone", () => {
    expect(keyOf(ticket())).toBe("k1");
    for (const none of ["", "a.b.c", "..", "server-7.secret", `${ticket()}${"x".repeat(2_048)}`]) expect(keyOf(none)).toBeUndefined();
  });
});
