import { render } from "preact";
import { Game, type Audience } from "./game/game";
import type { Happening } from "./game/happenings";
import { Hud, type Deeds } from "./hud/hud";
import { Minimap } from "./hud/minimap";
import { Places } from "./hud/places";
import { makeStore, type Store } from "./hud/store";
import { Teller } from "./hud/teller";
import { Controls } from "./input/controls";
import type { Action } from "./input/keys";
import { MusterClient, NoticeKind, Refused, teamOf, type JoinOptions, type Meter, type Notice, type Welcome } from "@muster/client";
import { load, save, type Settings } from "./settings";
import { paceOf, TICK_MS } from "@muster/client/sim";
import { Mixer } from "./sound/mixer";
import { sound } from "./sound/soundscape";
import { Pace, browserBeat, throttles } from "./throttle";
import type { Scene } from "./view/scene";

const STEPS_A_FRAME_MAX = 12;  // as many as the server lets anybody save up
const STEPS_A_MESSAGE = 2;
const BETWEEN_FRAMES_MS = 30;
const HUD_MS = 66;
const MINIMAP_MS = 100;

/** The page: what comes in, what goes out, and when what is drawn. */
export class Client implements Audience {
  private readonly store: Store;
  private readonly connection = new MusterClient({ relayOnly: new URLSearchParams(location.search).get("ice") === "relay" });
  private readonly places = new Places(this.connection);
  private readonly meter = this.connection.meter;
  private readonly game = new Game(this.meter, this);
  private readonly controls: Controls;
  private readonly mixer = new Mixer();
  private readonly teller: Teller;
  private scene: Scene | undefined;
  private minimap: Minimap | undefined;
  private frameAt = 0;
  private owed = 0;
  private sinceDrawn = 0;
  private unsent = 0;
  private hudAt = 0;
  private mapAt = 0;
  private frames = 0;
  private framesAt = 0;

  constructor(private readonly stage: HTMLElement, private readonly hudRoot: HTMLElement) {
    this.store = makeStore(load(localStorage));
    this.controls = new Controls(stage, () => this.store.settings.value.touchAim);
    this.teller = new Teller(this.store, this.game, this.meter);
    this.listen();
    this.controls.listening = () => this.store.screen.value === "playing" && !this.store.typing.value && !this.store.menuOpen.value;
    this.controls.onAction = (action, down) => this.act(action, down);
  }

  /** The game hears of the world first, and tells its audience: the page. */
  private listen(): void {
    const { connection, game } = this;
    connection.on("connection", (is) => (is === "new" ? game.restart() : is === "back" ? game.resume() : game.cross()));
    connection.on("standby", () => game.standby());
    connection.on("standbyTick", (tick) => game.standbyTick(tick));
    connection.on("welcome", (welcome) => game.onWelcome(welcome));
    connection.on("snapshot", (snapshot) => game.onSnapshot(snapshot));
    connection.on("people", (people) => game.onPeople(people));
    connection.on("match", (match) => game.onMatch(match));
    connection.on("scores", (scores) => game.onScores(scores));
    connection.on("news", (news, isBefore) => (isBefore ? game.newsBefore(news) : game.onNews(news)));
    connection.on("chat", (chat) => game.onChat(chat));
    connection.on("party", (party) => this.store.setParty(party));
    connection.on("notice", (notice) => game.onNotice(notice));
    connection.on("state", (state) => {
      this.store.link.value = state;
    });
    connection.on("closed", ({ reason }) => {
      if (this.store.screen.value !== "joining") return;
      this.store.screen.value = "lobby";
      this.store.trouble.value = reason;
    });
  }

  async start(): Promise<void> {
    render(<Hud store={this.store} places={this.places} deeds={this.deeds()} />, this.hudRoot);
    const pace = new Pace(browserBeat(), throttles(location.search), (now, hidden) => this.turn(now, hidden));
    document.addEventListener("visibilitychange", () => pace.changed());
    // Also when the browser keeps the page for a way back: nobody plays a page that is not shown. Back on it, one begins anew.
    window.addEventListener("pagehide", () => this.connection.pageGoes());
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) location.reload();
    });
    for (const kind of ["pointerdown", "keydown"] as const) window.addEventListener(kind, () => this.mixer.wake());
    expose(this.game, this.meter, this.connection, this.store, () => this.scene);
    this.applySound();
    try {
      const { Scene } = await import("./view/scene");
      this.scene = await Scene.make(this.stage, this.game, () => this.store.settings.value);
      if (this.game.welcomed) this.scene.welcomed(this.game.welcomed);
    } catch (error) {
      console.warn(error);
      this.store.trouble.value = "This browser shows no WebGL, which the game needs. Hardware acceleration may be switched off.";
    }
    pace.start();
    // Where drawing is slow, the steps of the player's own time go on between the frames.
    setInterval(() => {
      const now = performance.now();
      if (!document.hidden && now - this.frameAt > BETWEEN_FRAMES_MS) this.turn(now, false, false);
    }, 16);
  }

  // ---- what the player does ------------------------------------------------------------------------

  private deeds(): Deeds {
    return {
      join: (player) => void this.join(player),
      refresh: () => void this.refresh(),
      leave: () => {
        this.connection.leave();
        this.store.reset();
        this.store.screen.value = "lobby";
      },
      say: (text, address) => this.connection.say(text, address),
      party: (code) => this.connection.party(code),
      take: (slot) => this.controls.take(slot),
      hold: (name, button, down) => this.controls.hold(name, button, down),
      change: (change) => this.change(change),
      minimap: (canvas) => {
        this.minimap = canvas ? new Minimap(canvas) : undefined;
      },
    };
  }

  private async refresh(): Promise<void> {
    try {
      this.store.worlds.value = await this.connection.worlds();
      void this.places.refresh(this.store.worlds.value.worlds);
      if (this.store.screen.value === "lobby" && this.store.trouble.value === NO_ANSWER) this.store.trouble.value = "";
    } catch (error) {
      if (this.store.screen.value === "lobby") this.store.trouble.value = error instanceof Refused && error.status === 404 ? "This server runs no worlds." : NO_ANSWER;
    }
  }

  private async join(player: JoinOptions): Promise<void> {
    this.mixer.wake();
    this.store.trouble.value = "";
    this.store.screen.value = "joining";
    try {
      await this.connection.join(player).catch((error: unknown) => {
        // A coordinator of an earlier version chooses without being told how far its servers are.
        if (!(error instanceof Refused && error.status === 400 && /^(strategy|pings|last)\b/.test(error.field))) throw error;
        return this.connection.join({ world: player.world, name: player.name ?? "", team: player.team });
      });
    } catch (error) {
      this.store.screen.value = "lobby";
      this.store.trouble.value = error instanceof Refused ? error.message : `The browser could not join: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  private change(change: Partial<Settings>): void {
    this.store.settings.value = { ...this.store.settings.value, ...change };
    save(localStorage, this.store.settings.value);
    this.applySound();
    if (change.quality ?? change.adapt !== undefined) this.scene?.apply();
  }

  private applySound(): void {
    const { sound: volume, muted } = this.store.settings.value;
    this.mixer.setVolume(muted ? 0 : volume);
  }

  private act(action: Action, down: boolean): void {
    if (action.do === "scores") {
      this.store.scoresOpen.value = down;
    } else if (down && action.do === "chat") {
      this.controls.release();
      this.store.typing.value = action.team ? "team" : "all";
    } else if (down && action.do === "menu" && !this.store.menuOpen.value && !this.store.typing.value) {
      this.controls.release();
      this.store.menuOpen.value = true;
    } else if (down && action.do === "mute") {
      this.change({ muted: !this.store.settings.value.muted });
      this.store.tell(this.store.settings.value.muted ? "Sound off" : "Sound on", 1_500);
    }
  }

  // ---- time ----------------------------------------------------------------------------------------

  private turn(now: number, hidden: boolean, draws = true): void {
    const passed = Math.min(500, Math.max(0, now - this.frameAt));
    this.frameAt = Math.max(now, this.frameAt);
    const { game, connection } = this;
    const touching = this.controls.touching;
    if (touching !== this.store.touching.value) this.store.touching.value = touching;
    if (game.welcomed && connection.open) {
      this.owed += (passed / TICK_MS) * paceOf(game.prediction.backlog, this.meter.rttMs);
      // A page that stood still does not catch up: the server would not take it.
      if (this.owed > STEPS_A_FRAME_MAX) this.owed = STEPS_A_FRAME_MAX;
      const camera = this.scene?.camera;
      while (this.owed >= 1) {
        this.owed -= 1;
        game.part = 1;
        const wish = this.controls.step(camera ? camera.toScreenX(game.x) : innerWidth / 2, camera ? camera.toScreenY(game.y) : innerHeight / 2);
        game.step(this.store.screen.value === "playing" && !hidden ? wish : { aim: wish.aim, buttons: hidden && throttles(location.search) ? 0 : wish.buttons, slot: wish.slot });
        if (++this.unsent >= Math.max(STEPS_A_MESSAGE, this.game.clock.ticksASnapshot)) this.send();
      }
      game.part = this.owed;
    }
    game.advance(now, passed);
    this.sinceDrawn += passed;
    if (draws && !hidden) {
      this.draw(now, this.sinceDrawn);
      this.sinceDrawn = 0;
    }
    if (now - this.hudAt > HUD_MS) {
      this.hudAt = now;
      this.teller.tell(now);
      this.controls.weapons = game.prediction.own.weapons;
      this.controls.inHand = game.trigger.weapon(game.prediction) + 1;
    }
  }

  private send(): void {
    this.unsent = 0;
    this.connection.sendInputs(this.game.prediction.pending, this.game.tickThere);
  }

  private draw(now: number, passed: number): void {
    const { scene, game, controls } = this;
    ++this.frames;
    if (now - this.framesAt > 1_000) {
      this.teller.fps = Math.round((this.frames * 1_000) / (now - this.framesAt));
      this.frames = 0;
      this.framesAt = now;
    }
    if (!scene) return;
    const { camera } = scene;
    const pointer = controls.touching || this.store.screen.value !== "playing" ? undefined : controls.pointer;
    const { aim } = controls.sticks;
    const look = pointer
      ? { x: (2 * pointer.x) / camera.width - 1, y: (2 * pointer.y) / camera.height - 1 }
      : { x: aim.active ? aim.x * 0.8 : 0, y: aim.active ? aim.y * 0.8 : 0 };
    // The middle of the screen is quiet: the arena must not swim while one aims nearby.
    scene.draw(now, passed, pointer, { x: look.x * Math.abs(look.x), y: look.y * Math.abs(look.y) });
    if (this.minimap && now - this.mapAt > MINIMAP_MS) {
      this.mapAt = now;
      this.minimap.draw(game, { left: camera.left, top: camera.top, width: camera.width / camera.scale, height: camera.height / camera.scale });
    }
    this.teller.sticks(controls.sticks, controls.touching);
  }

  // ---- what the world says -------------------------------------------------------------------------

  happened(happening: Happening): void {
    const { game } = this;
    this.scene?.happened(happening, performance.now());
    this.teller.happened(happening);
    sound(this.mixer, happening, { x: game.x, y: game.y }, (index) => {
      const wall = game.wallFacts[index];
      return wall && { x: wall.x + wall.width / 2, y: wall.y + wall.height / 2 };
    });
  }

  welcomed(welcome: Welcome): void {
    this.scene?.welcomed(welcome);
    this.store.self.value = welcome.player;
    this.store.world.value = welcome.world;
    this.store.screen.value = "playing";
    this.owed = 0;
    this.unsent = 0;
  }

  crossed(welcome: Welcome, walls: readonly number[]): void {
    this.scene?.crossed(welcome, walls);
  }

  chatted: Audience["chatted"] = (chat) => this.store.addChat(chat);
  newsCame: Audience["newsCame"] = (news) => this.teller.news(news);
  scored: Audience["scored"] = (scores) => {
    this.store.scores.value = scores;
  };

  noticed(notice: Notice): void {
    // Of these the link's state tells.
    if (notice.kind === NoticeKind.replaced || notice.kind === NoticeKind.kicked || notice.kind === NoticeKind.stopping) return;
    // To what one has just typed the answer stands below it.
    if (notice.kind === NoticeKind.undelivered || notice.kind === NoticeKind.party_refused) {
      this.store.note(notice.text || "This was not done.");
      return;
    }
    this.store.tell(notice.text || (NOTICES[notice.kind] ?? "The server is busy."), 4_000);
  }
}

const NOTICES: Partial<Record<NoticeKind, string>> = {
  [NoticeKind.overload_far]: "The server is busy: who is far away is shown less often.",
  [NoticeKind.overload_rate]: "The server is busy: everything is shown less often.",
  [NoticeKind.overload_over]: "The server has caught up.",
  [NoticeKind.chat_limited]: "Not so fast: this was not sent.",
};
const NO_ANSWER = "The server does not answer. Trying again…";

/** For tests: looks, and changes nothing. */
function expose(game: Game, meter: Meter, connection: MusterClient, store: Store, scene: () => Scene | undefined): void {
  Object.defineProperty(window, "__muster_play", {
    value: Object.freeze({
      get x() { return game.x; },
      get y() { return game.y; },
      get tick() { return meter.newest; },
      get shownTick() { return game.clock.showing; },
      get self() { return game.self; },
      get alive() { return game.prediction.alive; },
      get health() { return game.prediction.own.health; },
      get score() { return game.prediction.own.score; },
      get kills() { return game.prediction.own.kills; },
      get deaths() { return game.prediction.own.deaths; },
      get others() { return game.others.tracks.size; },
      get rtt() { return meter.rttMs; },
      get loss() { return meter.loss; },
      get crossings() { return meter.crossings; },
      get lastGap() { return meter.lastGapMs; },
      get delay() { return game.clock.delayMs; },
      get correction() { return game.prediction.correction; },
      get pending() { return game.prediction.pending.length; },
      get phase() { return game.match.phase; },
      get link() { return store.link.value.at; },
      get open() { return connection.open; },
      get shots() { return game.shots.flights.length; },
      get aim() { return game.aim; },
      get team() { return game.team; },
      /** Where a place of the world is on the screen, in CSS pixels. */
      screen: (x: number, y: number) => {
        const camera = scene()?.camera;
        return camera && { x: camera.toScreenX(x), y: camera.toScreenY(y) };
      },
      other: (id: number) => {
        const track = game.others.tracks.get(id);
        return track && { x: track.x, y: track.y, health: track.health, team: teamOf(track.look), name: game.nameOf(id) };
      },
    }),
  });
}
