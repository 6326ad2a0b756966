import { Builder } from "flatbuffers";
import { Body, Answer, Chat, Invitation, Message, Moved, Notice, Pong, Snapshot, Welcome, type NoticeKind } from "../generated/game_generated.js";
import { PROTOCOL_VERSION } from "./types.js";

/** Messages of a world for tests: as bytes. */

const b = new Builder();

export function message(kind: Body, body: (b: Builder) => number): Uint8Array {
  b.clear();
  Message.finishMessageBuffer(b, Message.createMessage(b, kind, body(b)));
  return b.asUint8Array().slice();
}

export const welcome = (of: { player?: number; generation?: number; tick?: number; rate?: number; version?: number; resume?: string } = {}): Uint8Array =>
  message(Body.Welcome, () => {
    const [world, name, resume] = ["arena", "Zoë", of.resume ?? "token"].map((text) => b.createString(text)) as [number, number, number];
    Welcome.startWelcome(b);
    Welcome.addProtocolVersion(b, of.version ?? PROTOCOL_VERSION);
    Welcome.addWorld(b, world);
    Welcome.addName(b, name);
    Welcome.addResume(b, resume);
    Welcome.addPlayer(b, of.player ?? 7);
    Welcome.addGeneration(b, of.generation ?? 0);
    Welcome.addTick(b, of.tick ?? 100);
    Welcome.addTickRate(b, 60);
    Welcome.addSnapshotRate(b, of.rate ?? 30);
    Welcome.addLeft(b, -800);
    Welcome.addTop(b, -600);
    Welcome.addWidth(b, 1_600);
    Welcome.addHeight(b, 1_200);
    Welcome.addStep(b, 1 / 32);
    return Welcome.endWelcome(b);
  });

export const snapshot = (tick: number): Uint8Array =>
  message(Body.Snapshot, () => {
    Snapshot.startSnapshot(b);
    Snapshot.addTick(b, tick);
    return Snapshot.endSnapshot(b);
  });

export const chat = (text: string): Uint8Array => message(Body.Chat, () => Chat.createChat(b, 1, b.createString("Ada"), b.createString(text), 0, 0, 0xffff, 0));
export const notice = (kind: NoticeKind, text = "", rate = 0): Uint8Array => message(Body.Notice, () => Notice.createNotice(b, kind, b.createString(text), rate));
export const pong = (time: number, tick: number): Uint8Array => message(Body.Pong, () => Pong.createPong(b, BigInt(time), tick));
export const invitation = (number: number): Uint8Array => message(Body.Invitation, () => Invitation.createInvitation(b, number));
export const answer = (number: number, sdp = "answer-2", error = ""): Uint8Array => message(Body.Answer, () => Answer.createAnswer(b, number, b.createString(sdp), b.createString(error)));
export const moved = (connected: boolean): Uint8Array => message(Body.Moved, () => Moved.createMoved(b, connected));
