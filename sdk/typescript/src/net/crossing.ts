import type { Peer, Surroundings } from "./peer.js";
import { readHandOver, writeOffer } from "../protocol/hand_over.js";

const EARLY_MAX = 4;
const OPEN_MS = 10_000;  // from the invitation to open channels

/**
 * The connection to the server that the player may go to next, made before the present one ends. At most one: a new invitation
 * replaces it. It is a standby from when it is open until its Welcome comes; then it is given away. Whatever goes wrong with it, it
 * is forgotten, and the server invites again when it wants to.
 */
export class Crossing {
  onStandby: (peer: Peer) => void = () => undefined;
  onPong: (tick: number) => void = () => undefined;
  /** The player is this connection's now; `welcome` is its first message, `early` are snapshots that overtook it. */
  onWelcome: (peer: Peer, welcome: Uint8Array, early: readonly Uint8Array[]) => void = () => undefined;
  /** A standby there was is none any more. */
  onForgotten: () => void = () => undefined;
  private peer: Peer | undefined;
  private number = 0;
  private isAnswered = false;
  private timer = 0;
  private early: Uint8Array[] = [];

  /** `say`: by the present connection's control channel. */
  constructor(private readonly around: Pick<Surroundings, "later" | "forget">, private readonly make: () => Peer, private readonly say: (bytes: Uint8Array<ArrayBuffer>) => void) {}

  get standby(): Peer | undefined {
    return this.peer?.open ? this.peer : undefined;
  }

  /** A standby, or one that is about to be: the server may know before the page that it is open. */
  get isComing(): boolean {
    return this.peer !== undefined && this.isAnswered;
  }

  invited(number: number): void {
    this.forget();
    const peer = (this.peer = this.make());
    this.number = number;
    this.isAnswered = false;
    this.early = [];
    peer.onMessage = (bytes, isControl) => this.hear(peer, bytes, isControl);
    peer.onLost = () => this.drop(peer);
    this.timer = this.around.later(() => this.drop(peer), OPEN_MS);
    peer.offer().then(
      (sdp) => {
        if (this.peer !== peer) return;
        const offer = writeOffer(number, sdp);
        if (offer) this.say(offer);
        else this.drop(peer);
      },
      () => this.drop(peer),
    );
  }

  /** Without an SDP the next server takes nobody now. */
  answered(number: number, sdp: string): void {
    const peer = this.peer;
    if (!peer || number !== this.number || this.isAnswered) return;
    this.isAnswered = true;
    if (!sdp) {
      this.drop(peer);
      return;
    }
    peer.connect(sdp, OPEN_MS).then(
      (isOpen) => {
        if (!isOpen || this.peer !== peer) return;
        this.around.forget(this.timer);
        this.onStandby(peer);
      },
      () => {
        if (this.peer === peer) this.drop(peer);
        else peer.fail();  // it was welcomed by one channel, and the other never opened
      },
    );
  }

  forget(): void {
    if (this.peer) this.drop(this.peer);
  }

  private drop(peer: Peer): void {
    if (this.peer !== peer) return;
    const wasStandby = this.isAnswered;
    this.peer = undefined;
    this.around.forget(this.timer);
    peer.close();
    if (wasStandby) this.onForgotten();
  }

  private hear(peer: Peer, bytes: Uint8Array, isControl: boolean): void {
    const said = readHandOver(bytes);
    if (said.is === "pong") {
      this.onPong(said.tick);
    } else if (said.is === "welcome" && isControl && this.peer === peer) {
      this.peer = undefined;
      this.around.forget(this.timer);
      this.onWelcome(peer, bytes, this.early.splice(0));
    } else if (!isControl && this.early.length < EARLY_MAX) {
      this.early.push(bytes.slice());
    }
  }
}
