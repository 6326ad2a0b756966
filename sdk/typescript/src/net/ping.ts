import type { Server } from "./worlds.js";

/**
 * How far world servers are. A page can send no datagram of its own, so it asks each server what any WebRTC client asks a STUN server (RFC 8489): "from where do you
 * see me?" World ports answer that to anybody. The time from when the browser begins to gather candidates until the answer made one, or ended the gathering, is the
 * round trip, and a few milliseconds of the browser's own, which are the same for all servers: good to compare and to show, too coarse for anything else.
 */

export interface PingOptions {
  /** Asked one after the other; the least counts. */
  rounds?: number;
  /** After which a server counts as out of reach. */
  timeoutMs?: number;
  makePeer?: (configuration: RTCConfiguration) => RTCPeerConnection;
  now?: () => number;
  later?: (run: () => void, ms: number) => number;
  forget?: (timer: number) => void;
}

export const PING_SERVERS_MAX = 16;  // one after the other of which a lobby's rounds are still a few seconds
const AT_ONCE = 4;                   // browsers have few threads for this, and what waits for one looks far away

/** "stun:192.0.2.1:7777", of its first address; undefined: it has none. */
export function stunUrl(server: Pick<Server, "addresses" | "udpPort">): string | undefined {
  const address = server.addresses[0];
  if (!address || !server.udpPort) return undefined;
  return `stun:${address.includes(":") ? `[${address}]` : address}:${server.udpPort}`;
}

/** Milliseconds by server, of those that answered: of the first PING_SERVERS_MAX that are asked. */
export async function ping(servers: readonly Server[], options: PingOptions = {}): Promise<Map<string, number>> {
  const waiting = servers.slice(0, PING_SERVERS_MAX).flatMap((server) => {
    const url = stunUrl(server);
    return url ? [{ id: server.id, url }] : [];
  });
  const found = new Map<string, number>();
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const ms = await nearest(next.url, options);
      if (ms !== undefined) found.set(next.id, ms);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

async function nearest(url: string, options: PingOptions): Promise<number | undefined> {
  let least: number | undefined;
  for (let round = 0; round < (options.rounds ?? 3); ++round) {
    const ms = await once(url, options);
    if (ms === undefined) break;  // what does not answer is not waited for again
    least = Math.min(least ?? Infinity, ms);
  }
  return least;
}

async function once(url: string, options: PingOptions): Promise<number | undefined> {
  const now = options.now ?? (() => performance.now());
  const later = options.later ?? ((run, ms) => Number(setTimeout(run, ms)));
  const forget = options.forget ?? ((timer) => clearTimeout(timer));
  const makePeer = options.makePeer ?? ((configuration) => new RTCPeerConnection(configuration));
  const peer = makePeer({ iceServers: [{ urls: url }] });
  let timer = 0;
  try {
    peer.createDataChannel("ping");
    const offer = await peer.createOffer();
    return await new Promise<number | undefined>((done, failed) => {
      let began = 0;
      let isRefused = false;
      const answered = () => done(began ? now() - began : undefined);
      timer = later(() => done(undefined), options.timeoutMs ?? 2_000);
      peer.onicecandidateerror = () => {
        isRefused = true;
      };
      peer.onicecandidate = ({ candidate }) => {
        if (candidate?.type === "srflx") answered();
      };
      // Who is not behind a router is seen where it is: that makes no candidate of its own, and the gathering ends with the answer.
      peer.onicegatheringstatechange = () => {
        if (peer.iceGatheringState === "complete") isRefused ? done(undefined) : answered();
      };
      began = now();
      peer.setLocalDescription(offer).catch(failed);
    });
  } catch {
    return undefined;  // an address that the browser takes for none, or no more connections
  } finally {
    forget(timer);
    peer.onicecandidate = peer.onicecandidateerror = peer.onicegatheringstatechange = null;
    peer.close();
  }
}
