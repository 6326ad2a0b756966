import { Builder, ByteBuffer } from "flatbuffers";
import { describe, expect, it } from "vitest";
import { Decoder } from "./decode.js";
import { CUSTOM_BYTES_MAX, writeBye, writeCustom, writeInputs, writeParty, writePing, writeSay } from "./encode.js";
import { EffectKind, Scope, Team, Weapon, carriesOf, generationOf, isAlive, isProtected, isStronger, teamOf, weaponOf, type Snapshot, type Welcome, type WorldSays } from "./types.js";
import * as wire from "../generated/game_generated.js";

function listener(): { says: WorldSays; heard: [string, unknown][] } {
  const heard: [string, unknown][] = [];
  const hear = (kind: string) => (what: unknown) => void heard.push([kind, structuredClone(what)]);
  return {
    heard,
    says: {
      onWelcome: hear("welcome"), onPeople: hear("people"), onMatch: hear("match"), onScores: hear("scores"), onNews: hear("news"), onChat: hear("chat"), onNotice: hear("notice"),
      onSnapshot: hear("snapshot"), onPong: hear("pong"),
    },
  };
}

function message(builder: Builder, kind: wire.Body, body: number): Uint8Array {
  wire.Message.finishMessageBuffer(builder, wire.Message.createMessage(builder, kind, body));
  return builder.asUint8Array().slice();
}

function welcome(): Uint8Array {
  const b = new Builder();
  const [world, name, map, resume] = ["arena", "Zoë", "classic", "token"].map((text) => b.createString(text)) as [number, number, number, number];
  wire.Welcome.startWallsVector(b, 1);
  wire.WallBox.createWallBox(b, -10, 20, 30, 40, 90, 120, true);
  const walls = b.endVector();
  wire.Welcome.startFlagsVector(b, 1);
  wire.FlagState.createFlagState(b, -700, 0, wire.Team.red, wire.FlagWhere.carried, 9);
  const flags = b.endVector();
  wire.Welcome.startWelcome(b);
  for (const [add, value] of [[wire.Welcome.addWorld, world], [wire.Welcome.addName, name], [wire.Welcome.addMap, map], [wire.Welcome.addResume, resume], [wire.Welcome.addWalls, walls], [wire.Welcome.addFlags, flags]] as const) add(b, value);
  wire.Welcome.addProtocolVersion(b, 1);
  wire.Welcome.addPlayer(b, 7);
  wire.Welcome.addLeft(b, -800);
  wire.Welcome.addTop(b, -600);
  wire.Welcome.addWidth(b, 1600);
  wire.Welcome.addHeight(b, 1200);
  wire.Welcome.addStep(b, 0.03125);
  wire.Welcome.addMode(b, wire.Mode.capture_the_flag);
  return message(b, wire.Body.Welcome, wire.Welcome.endWelcome(b));
}

function snapshot(): Uint8Array {
  const b = new Builder();
  wire.Snapshot.startEntitiesVector(b, 2);
  wire.Entity.createEntity(b, 3, 0, 65_535, -128, 16, 64, 100, 0);
  wire.Entity.createEntity(b, 2, 25_600, 19_200, 32, -16, 128, 55, Weapon.rifle | (Team.blue << 3) | (Team.red << 5) | 0x80 | 0x100 | 0x800 | (9 << 12));
  const entities = b.endVector();
  wire.Snapshot.startShotsVector(b, 1);
  wire.Shot.createShot(b, 0xfffe, 32, 64, -1_920, 256, 2, 3, 1 | (2 << 3) | 32);
  const shots = b.endVector();
  wire.Snapshot.startEffectsVector(b, 1);
  wire.Effect.createEffect(b, 25_600, 19_200, 2, 7, 0xfffe, 50, 1, EffectKind.player_hit, Weapon.sniper);
  const effects = b.endVector();
  const gone = wire.Snapshot.createGoneVector(b, Uint16Array.from([5, 65_000]));
  wire.Snapshot.startSnapshot(b);
  wire.Snapshot.addTick(b, 4_000_000_000);
  wire.Snapshot.addAcknowledged(b, 17);
  wire.Snapshot.addEntities(b, entities);
  wire.Snapshot.addShots(b, shots);
  wire.Snapshot.addEffects(b, effects);
  wire.Snapshot.addGone(b, gone);
  wire.Snapshot.addOwn(b, wire.Self.createSelf(b, -12_345, 678, -640, 452, -200, 3, 4, 90, 0, 60, 0, 12, 0x89, 71, 25, 6, 0b101));
  return message(b, wire.Body.Snapshot, wire.Snapshot.endSnapshot(b));
}

describe("what a world says", () => {
  it("is read: a welcome, and snapshots by its scale", () => {
    const { says, heard } = listener();
    const decoder = new Decoder(says);
    decoder.read(snapshot());
    expect(heard).toEqual([]);  // it overtook the welcome that has its scale
    decoder.read(welcome());
    decoder.read(snapshot());
    const [, first] = heard[0] as [string, Welcome];
    expect(first).toMatchObject({ world: "arena", name: "Zoë", player: 7, tickRate: 60, snapshotRate: 30, view: 600, resume: "token" });
    expect(first.walls).toEqual([{ x: -10, y: 20, width: 30, height: 40, health: 90, healthMax: 120, destructible: true }]);
    expect(first.flags[0]).toMatchObject({ team: Team.red, carrier: 9 });
    const [, got] = heard[1] as [string, Snapshot];
    expect(got).toMatchObject({ tick: 4_000_000_000, acknowledged: 17, hasOwn: true, entityCount: 2, shotCount: 1, effectCount: 1 });
    expect(got.own).toMatchObject({ x: -12_345, y: 678, velocityX: -640, score: -200, reloadTicks: 90, health: 71, shield: 25, ammunition: 6, weapons: 5 });
    expect(got.entities[0]).toMatchObject({ id: 2, x: 0, y: 0, velocityX: 2, velocityY: -1, aim: Math.PI, health: 55 });
    expect(got.entities[1]).toMatchObject({ id: 3, x: -800, velocityX: -8 });
    expect(got.shots[0]).toMatchObject({ id: 0xfffe, x: -799, y: -598, velocityX: -7.5, velocityY: 1, owner: 2, ago: 3 });
    expect(got.effects[0]).toMatchObject({ x: 0, y: 0, player: 2, other: 7, index: 0xfffe, value: 50, kind: EffectKind.player_hit, weapon: Weapon.sniper });
    expect(got.gone.slice(0, got.goneCount)).toEqual([5, 65_000]);
    const { look } = got.entities[0]!;
    expect([weaponOf(look), teamOf(look), carriesOf(look), isAlive(look), isProtected(look), isStronger(look), generationOf(look)]).toEqual([Weapon.rifle, Team.blue, Team.red, true, true, true, 9]);
  });

  it("carries plugins' messages to whoever listens, and is no fault where nobody does", () => {
    const { says, heard } = listener();
    const bytes = writeCustom(20, Uint8Array.of(1, 0, 255));
    const deaf = new Decoder(says);
    deaf.read(bytes);
    expect([deaf.faults, heard]).toEqual([0, []]);
    const got: unknown[] = [];
    const decoder = new Decoder({ ...says, onCustom: (custom) => void got.push(custom) });
    for (const one of [bytes, writeCustom(255, new Uint8Array())]) decoder.read(one);
    expect(got).toEqual([{ command: 20, payload: Uint8Array.of(1, 0, 255) }, { command: 255, payload: new Uint8Array() }]);
    const b = new Builder();
    const payload = wire.Custom.createPayloadVector(b, new Uint8Array(CUSTOM_BYTES_MAX + 1));
    decoder.read(message(b, wire.Body.Custom, wire.Custom.createCustom(b, 1, payload)));
    expect([decoder.faults, got.length]).toEqual([1, 2]);
  });

  it("reads every snapshot into the same object", () => {
    const seen = new Set<Snapshot>();
    const { says } = listener();
    const decoder = new Decoder({ ...says, onSnapshot: (one) => void seen.add(one) });
    decoder.read(welcome());
    for (let i = 0; i < 3; ++i) decoder.read(snapshot());
    expect(seen.size).toBe(1);
  });

  it("is ignored and counted when it is no message, at every length", () => {
    const { says } = listener();
    const decoder = new Decoder(says);
    decoder.read(welcome());
    const whole = snapshot();
    for (let length = 0; length < whole.length; ++length) decoder.read(whole.slice(0, length));
    const other = whole.slice();
    other[4] = 65;
    decoder.read(other);
    expect(decoder.faults).toBeGreaterThan(8);
    let random = 7;
    for (let i = 0; i < 2_000; ++i) {
      const broken = whole.slice();
      for (let j = 0; j < 4; ++j) {
        random = (random * 48_271) % 2_147_483_647;
        broken[8 + (random % (broken.length - 8))] = random >> 8;
      }
      decoder.read(broken);
    }
  });
});

describe("what a player says", () => {
  const parsed = (bytes: Uint8Array) => wire.Message.getRootAsMessage(new ByteBuffer(bytes));

  it("are inputs: the newest steps, and how old what was seen is", () => {
    const steps = Array.from({ length: 20 }, (_, i) => ({ sequence: 100 + i, aim: 65_535 - i, buttons: i, slot: i % 6, shown: 980 + i }));
    const bytes = writeInputs(steps, 1_000, 0x8000_0005);
    expect(wire.Message.bufferHasIdentifier(new ByteBuffer(bytes))).toBe(true);
    const inputs = parsed(bytes).body(new wire.Inputs()) as wire.Inputs;
    expect([inputs.sequence(), inputs.tick(), inputs.received(), inputs.stepsLength()]).toEqual([119, 1_000, 0x8000_0005, 16]);
    const first = inputs.steps(0)!;
    const last = inputs.steps(15)!;
    expect([first.aim(), first.buttons(), first.seen()]).toEqual([65_531, 4, 16]);
    expect([last.aim(), last.buttons(), last.slot(), last.seen()]).toEqual([65_516, 19, 1, 1]);
  });

  it("never says that something was seen before it was", () => {
    const inputs = parsed(writeInputs([{ sequence: 1, aim: 0, buttons: 0, slot: 0, shown: 2_000 }, { sequence: 2, aim: 0, buttons: 0, slot: 0, shown: 3 }], 1_000, 0)).body(new wire.Inputs()) as wire.Inputs;
    expect([inputs.steps(0)!.seen(), inputs.steps(1)!.seen()]).toEqual([0, 255]);
  });

  it("are chats of at most 100 characters, pings and a farewell", () => {
    const say = parsed(writeSay("🙂".repeat(150), { to: Scope.person, whom: 4, name: "Ada" })).body(new wire.Say()) as wire.Say;
    expect([...(say.text() ?? "")].length).toBe(100);
    expect([say.to(), say.whom(), say.name()]).toEqual([Scope.person, 4, "Ada"]);
    expect((parsed(writeSay("hi")).body(new wire.Say()) as wire.Say).to()).toBe(Scope.all);
    expect((parsed(writeParty("Red-5")).body(new wire.Party()) as wire.Party).code()).toBe("Red-5");
    expect(Number((parsed(writePing(12_345.6)).body(new wire.Ping()) as wire.Ping).time())).toBe(12_346);
    expect(parsed(writeBye()).bodyType()).toBe(wire.Body.Bye);
  });

  it("are commands with a payload of a kibibyte at most", () => {
    const custom = parsed(writeCustom(20, new Uint8Array(CUSTOM_BYTES_MAX).fill(7))).body(new wire.Custom()) as wire.Custom;
    expect([custom.command(), custom.payloadLength(), custom.payload(1_023)]).toEqual([20, 1_024, 7]);
    expect(() => writeCustom(20, new Uint8Array(CUSTOM_BYTES_MAX + 1))).toThrow("1025 bytes");
  });
});
