import { Builder, ByteBuffer } from "flatbuffers";
import { Answer, Body, Invitation, Message, Moved, Offer, Pong } from "../generated/game_generated.js";

/** What leads a player from one server of a world to the next: docs/formats/world-protocol.md, "From one server to the next". */

export const OFFER_BYTES_MAX = 4_096;

export type HandOver =
  | { is: "invitation"; number: number }
  | { is: "answer"; number: number; sdp: string; error: string }
  | { is: "moved"; connected: boolean }
  | { is: "welcome" }
  | { is: "pong"; tick: number }
  | { is: "other" };

const message = new Message();

/** What `bytes` mean for connections; "other" also for what is no message. Only what is told of a hand-over is read. */
export function readHandOver(bytes: Uint8Array): HandOver {
  try {
    const buffer = new ByteBuffer(bytes);
    if (bytes.length < 12 || !Message.bufferHasIdentifier(buffer)) return { is: "other" };
    Message.getRootAsMessage(buffer, message);
    switch (message.bodyType()) {
      case Body.Invitation: return { is: "invitation", number: (message.body(new Invitation()) as Invitation).number() };
      case Body.Answer: {
        const answer = message.body(new Answer()) as Answer;
        return { is: "answer", number: answer.number(), sdp: answer.sdp() ?? "", error: answer.error() ?? "" };
      }
      case Body.Moved: return { is: "moved", connected: Boolean((message.body(new Moved()) as Moved).connected()) };
      case Body.Welcome: return { is: "welcome" };
      case Body.Pong: return { is: "pong", tick: (message.body(new Pong()) as Pong).tick() };
      default: return { is: "other" };
    }
  } catch (error) {
    // The decoder counts faults, where it comes to them.
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    return { is: "other" };
  }
}

/** The answer to an invitation. Candidates are left out, for the server asks for none; undefined when it is too long all the same. */
export function writeOffer(number: number, sdp: string): Uint8Array<ArrayBuffer> | undefined {
  const builder = new Builder(1_024);
  const short = sdp.split("\n").filter((line) => !line.startsWith("a=candidate:") && !line.startsWith("a=end-of-candidates")).join("\n");
  const text = builder.createString(short);
  Message.finishMessageBuffer(builder, Message.createMessage(builder, Body.Offer, Offer.createOffer(builder, number, text)));
  const bytes = Uint8Array.from(builder.asUint8Array());
  return bytes.length <= OFFER_BYTES_MAX ? bytes : undefined;
}
