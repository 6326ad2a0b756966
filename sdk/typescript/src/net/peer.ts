import { Refused, Worlds } from "./worlds.js";

/** What a connection needs of the page and the browser. Times are in milliseconds. */
export interface Surroundings {
  worlds: Worlds;
  makePeer(configuration: RTCConfiguration): RTCPeerConnection;
  /** For as long as the tab lives: the way back. */
  store: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** For longer: which servers one was on. */
  longStore: Pick<Storage, "getItem" | "setItem">;
  now(): number;
  later(run: () => void, ms: number): number;
  forget(timer: number): void;
  /** In [0, 1). */
  random(): number;
  /** Whether nobody sees the page: its timers are then late by a second and more. */
  hidden(): boolean;
}

/** Those of a page. `url`: where the worlds are; "": where the page is from. */
export function surroundings(url = ""): Surroundings {
  return {
    worlds: new Worlds(url), makePeer: (configuration) => new RTCPeerConnection(configuration), store: quiet(() => sessionStorage), longStore: quiet(() => localStorage), now: () => performance.now(),
    later: (run, ms) => Number(setTimeout(run, ms)), forget: (timer) => clearTimeout(timer), random: () => Math.random(), hidden: () => document.hidden,
  };
}

/** A store, and nothing where a page may not have one: a frame without storage of its own, or a full one. */
function quiet(store: () => Storage): Surroundings["store"] {
  const quietly = <T>(run: () => T): T | undefined => {
    try {
      return run();
    } catch {
      return undefined;
    }
  };
  return {
    getItem: (key) => quietly(() => store().getItem(key)) ?? null, setItem: (key, value) => quietly(() => store().setItem(key, value)), removeItem: (key) => quietly(() => store().removeItem(key)),
  };
}

const STATE_BUFFER_MAX = 16 << 10;  // what waits there is stale already

/** The certificate of whoever made a description: who it is, whatever it is called. */
export const identityOf = (sdp: string): string => /^a=fingerprint:(.*)$/m.exec(sdp)?.[1]?.trim() ?? "";

/** One connection to one world server: the channels "control" and "state". It is opened once, and closed once. */
export class Peer {
  onMessage: (bytes: Uint8Array, isControl: boolean) => void = () => undefined;
  /** It was open and is no more, and not by close(). */
  onLost: () => void = () => undefined;
  /** Messages that came so far. */
  heard = 0;
  private readonly peer: RTCPeerConnection;
  private readonly control: RTCDataChannel;
  private readonly state: RTCDataChannel;
  private isOpen = false;
  private isOver = false;
  private answeredBy = "";
  private giveUp: () => void = () => undefined;

  constructor(private readonly around: Surroundings, configuration: RTCConfiguration) {
    this.peer = around.makePeer(configuration);
    this.control = this.peer.createDataChannel("control", { negotiated: true, id: 0, ordered: true });
    this.state = this.peer.createDataChannel("state", { negotiated: true, id: 1, ordered: false, maxRetransmits: 0 });
    this.control.binaryType = this.state.binaryType = "arraybuffer";
    for (const channel of [this.control, this.state]) {
      channel.onmessage = (event: MessageEvent) => {
        ++this.heard;
        if (event.data instanceof ArrayBuffer) this.onMessage(new Uint8Array(event.data), channel === this.control);
      };
    }
  }

  get open(): boolean {
    return this.isOpen;
  }

  /** The SDP of the offer. It waits for no candidates: those of the server are in its answer. */
  async offer(): Promise<string> {
    await this.peer.setLocalDescription(await this.peer.createOffer());
    return this.peer.localDescription?.sdp ?? "";
  }

  /** Until both channels are open. False when it was closed meanwhile; throws Refused after `ms`, and when there is no way to the server. */
  async connect(answer: string, ms: number): Promise<boolean> {
    if (this.isOver) return false;
    const opened = new Promise<boolean>((done, failed) => {
      const look = () => {
        if (this.control.readyState === "open" && this.state.readyState === "open") done(true);
      };
      this.control.onopen = this.state.onopen = look;
      this.peer.onconnectionstatechange = () => {
        if (this.peer.connectionState === "failed") failed(new Refused(0, "No way to the server was found: a firewall may stop UDP.", "", 0));
      };
      const timer = this.around.later(() => failed(new Refused(0, "The server's UDP port did not answer.", "", 0)), ms);
      this.giveUp = () => {
        this.around.forget(timer);
        done(false);
      };
    });
    opened.catch(() => undefined);
    this.answeredBy = identityOf(answer);
    await this.peer.setRemoteDescription({ type: "answer", sdp: answer });
    const isOpen = await opened;
    this.giveUp();
    if (!isOpen || this.isOver) return false;
    this.isOpen = true;
    this.control.onclose = () => this.fail();
    this.peer.onconnectionstatechange = () => {
      if (this.peer.connectionState === "failed" || this.peer.connectionState === "closed") this.fail();
    };
    return true;
  }

  /** Of the answer. */
  get identity(): string {
    return this.answeredBy;
  }

  /** Whether ICE has given the other end up for the moment. */
  get isDisconnected(): boolean {
    return this.peer.iceConnectionState === "disconnected" || this.peer.iceConnectionState === "failed";
  }

  /** A number that grows with every datagram of the other end, also with those that carry no message: acknowledgements, answers of ICE. */
  async arrivals(): Promise<number> {
    if (this.isOver) return 0;
    let sum = 0;
    const stats = (await this.peer.getStats()) as unknown as ReadonlyMap<string, Record<string, unknown>>;
    stats.forEach((one) => {
      if (one["type"] !== "candidate-pair" && one["type"] !== "transport") return;
      for (const key of ["packetsReceived", "bytesReceived", "responsesReceived", "requestsReceived"]) sum += Number(one[key] ?? 0);
    });
    return sum;
  }

  /** Dropped where it would wait behind what is older. */
  sendState(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.state.readyState === "open" && this.state.bufferedAmount < STATE_BUFFER_MAX) this.state.send(bytes);
  }

  sendControl(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.control.readyState === "open") this.control.send(bytes);
  }

  /** Nothing is heard of it from now on. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.isOpen = false;
    this.giveUp();
    for (const channel of [this.control, this.state]) {
      channel.onmessage = channel.onclose = channel.onopen = null;
      channel.close();
    }
    this.peer.onconnectionstatechange = null;
    this.peer.close();
  }

  /** It broke. */
  fail(): void {
    if (this.isOver) return;
    this.close();
    this.onLost();
  }
}
