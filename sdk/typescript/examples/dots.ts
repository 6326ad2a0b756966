/** The least that one can play with: everybody is a dot, W A S D moves one's own. All that is not drawing is the package's. */
import { MusterClient, Refused, Team, isAlive, teamOf, type Welcome } from "@muster/client";
import { Button, Others, Prediction, ServerClock, TICK_MS, Walls } from "@muster/client/sim";

const KEYS: Record<string, Button> = { KeyW: Button.up, KeyS: Button.down, KeyA: Button.left, KeyD: Button.right };
const COLOURS: Record<number, string> = { [Team.red]: "#ff5566", [Team.blue]: "#3fa4ff" };

const canvas = document.querySelector<HTMLCanvasElement>("#arena")!;
const pen = canvas.getContext("2d")!;
const status = document.querySelector<HTMLElement>("#status")!;
const say = (text: string): void => {
  status.textContent = text;
};

const client = new MusterClient();
const clock = new ServerClock();
const others = new Others();
const own = new Prediction();
let world: Welcome | undefined;
let walls = new Walls([], { left: 0, top: 0, width: 1, height: 1 });
let newest = 0;
let held = 0;

client.on("welcome", (welcome) => {
  world = welcome;
  walls = new Walls(welcome.walls, welcome);
  clock.restart(welcome.snapshotRate);
  others.clear();
  own.restart();
  newest = 0;
});
client.on("snapshot", (snapshot) => {
  clock.snapshot(snapshot.tick, performance.now());
  if (snapshot.tick > newest && snapshot.hasOwn) own.reconcile(snapshot.own, snapshot.acknowledged, walls);
  newest = Math.max(newest, snapshot.tick);
  for (const entity of snapshot.entities.slice(0, snapshot.entityCount)) {
    if (entity.id !== world?.player) others.take(entity, snapshot.tick, clock.showing);
  }
  for (const id of snapshot.gone.slice(0, snapshot.goneCount)) others.gone(id, snapshot.tick);
});
client.on("state", (state) => {
  if (state.at === "lost") say("The connection was lost; looking for a way back…");
});
client.on("closed", ({ reason }) => say(reason));

addEventListener("keydown", ({ code }) => { held |= KEYS[code] ?? 0; });
addEventListener("keyup", ({ code }) => { held &= ~(KEYS[code] ?? 0); });
addEventListener("pagehide", () => client.pageGoes());

function draw(at: number, passed: number): void {
  const shown = clock.advance(at);
  others.show(shown, passed);
  own.smooth(passed);
  canvas.width = innerWidth;
  canvas.height = innerHeight;
  pen.translate(innerWidth / 2 - own.x(1), innerHeight / 2 - own.y(1));
  pen.fillStyle = "#2a3850";
  for (const [index, wall] of (world?.walls ?? []).entries()) {
    if (walls.boxes[index]?.standing) pen.fillRect(wall.x, wall.y, wall.width, wall.height);
  }
  const dot = (x: number, y: number, colour: string): void => {
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(x, y, 15, 0, 2 * Math.PI);
    pen.fill();
  };
  let seen = 0;
  for (const track of others.tracks.values()) {
    if (!isAlive(track.look)) continue;
    ++seen;
    dot(track.x, track.y, COLOURS[teamOf(track.look)] ?? "#c8b6ff");
  }
  dot(own.x(1), own.y(1), "#5ee787");
  if (client.open && world) say(`${world.world}: ${seen} in sight, ${Math.round(client.stats().rttMs)} ms`);
}

let drawnAt = performance.now();
let owed = 0;
function turn(at: number): void {
  const passed = Math.min(200, at - drawnAt);
  drawnAt = at;
  // 60 steps a second, however often the screen is drawn; two in a message.
  for (owed += passed / TICK_MS; owed >= 2 && client.open && world; owed -= 2) {
    for (let step = 0; step < 2; ++step) own.step(0, held, 0, Math.round(clock.showing), walls);
    client.sendInputs(own.pending, clock.newest(at));
  }
  draw(at, passed);
  requestAnimationFrame(turn);
}

try {
  const { worlds } = await client.worlds();
  if (!worlds[0]) throw new Refused(404, "There is no world here.", "", 0);
  await client.join({ world: worlds[0].name, name: "Dot" });
  requestAnimationFrame(turn);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
}
