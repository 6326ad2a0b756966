import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GAME_ID, Muster } from "./support/muster";
import { until } from "./support/until";
import { says, sh } from "./support/words";

/** Goal: everything that the command line promises, against a real Muster and real containers. */

let muster: Muster;
beforeAll(async () => {
  muster = await Muster.start();
});
afterAll(async () => {
  await muster?.stop();
});

describe("the command line", () => {
  test("deploys, types into the console, runs a program inside, and keeps what the game saved", async () => {
    expect(await says(muster, `muster servers deploy alpha --game ${GAME_ID} --set PASSWORD=hidden --memory 64M`)).toContain("alpha is ready");
    await says(muster, `muster servers console alpha --send "say remember me"`);
    expect(await says(muster, "muster servers exec alpha -- /game echo from inside")).toContain("from inside");
    await says(muster, "muster servers stop alpha");
    expect(await says(muster, "muster servers logs alpha")).toContain("Saving world");
    await says(muster, "muster servers start alpha");
    expect(await says(muster, "muster servers exec alpha -- /game file /data/world.txt")).toContain("remember me");
    expect(await says(muster, "muster servers exec alpha -- /game file /data/starts.txt")).toMatch(/^2/);
  });

  test("tells the exit code of a program that failed inside", async () => {
    const { code, err } = await sh(muster, "muster servers exec alpha -- /game exit 3");
    expect(code).toBe(1);
    expect(err).toContain("exit code 3");
  });

  test("masks secrets and names the field that is wrong", async () => {
    expect(await says(muster, "muster servers show alpha")).toContain("PASSWORD=********");
    const missing = await sh(muster, `muster servers deploy beta --game ${GAME_ID}`);
    expect(missing.code).toBe(1);
    expect(missing.err).toContain("PASSWORD");
    const wrong = await sh(muster, `muster servers deploy beta --game ${GAME_ID} --set PASSWORD=hidden --set PLAYERS_MAX=65`);
    expect(wrong.err).toContain("PLAYERS_MAX");
    const size = await sh(muster, `muster servers deploy beta --game ${GAME_ID} --set PASSWORD=hidden --memory lots`);
    expect(size.err).toContain("512M");
    expect(await says(muster, "muster servers list --names")).toBe("alpha\n");
  });

  test("changes a setting, which the next start takes", async () => {
    expect(await says(muster, "muster servers set alpha PLAYERS_MAX=5")).toContain("next restart");
    await says(muster, "muster servers restart alpha");
    expect(await says(muster, "muster servers exec alpha -- /game env PLAYERS_MAX")).toContain("5");
  });

  test("brings a crashed game up again and says why it was down", async () => {
    await says(muster, `muster servers console alpha --send crash`);
    await until("it is up again after the crash", async () => {
      const { state, restarts } = JSON.parse(await says(muster, "muster servers show alpha --json")) as { state: string; restarts: number };
      return state === "ready" && restarts === 1;
    });
    expect(await says(muster, "muster servers logs alpha")).toContain("crashed as asked");
  });

  test("answers in JSON for programs", async () => {
    const servers = JSON.parse(await says(muster, "muster servers list --json")) as { name: string; state: string }[];
    expect(servers.map((server) => server.name)).toEqual(["alpha"]);
    const operations = JSON.parse(await says(muster, "muster operations list --server alpha --json")) as { state: string }[];
    expect(operations.length).toBeGreaterThan(3);
    expect(operations.every((operation) => operation.state === "succeeded")).toBe(true);
  });

  test("gives a viewer's token that may look and not touch, and takes it back", async () => {
    const { id, token } = JSON.parse(await says(muster, "muster tokens create anna --role viewer --json")) as { id: string; token: string };
    const anna = { MUSTER_TOKEN: token };
    expect(await says(muster, "muster whoami", anna)).toBe("anna (viewer)\n");
    expect(await says(muster, "muster servers list", anna)).toContain("alpha");
    const refused = await sh(muster, "muster servers stop alpha", anna);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("operator");
    await says(muster, `muster tokens revoke ${id}`);
    const gone = await sh(muster, "muster servers list", anna);
    expect(gone.code).toBe(1);
    expect(gone.err).toContain("muster login");
  });

  test("signs in once and stays signed in, without telling other coordinators", async () => {
    const elsewhere = { MUSTER_DATA_DIR: "/nonexistent" };
    expect((await sh(muster, "muster servers list", elsewhere)).code).toBe(1);
    await says(muster, `muster login --url ${muster.url} --token ${muster.adminToken}`, elsewhere);
    expect(await says(muster, "muster servers list --names", elsewhere)).toBe("alpha\n");
    await says(muster, "muster logout", elsewhere);
    expect((await sh(muster, "muster servers list", elsewhere)).code).toBe(1);
  });

  test("shows nodes, containers, images and the audit of it all", async () => {
    expect(await says(muster, "muster nodes list")).toContain("online");
    expect(await says(muster, "muster containers list")).toContain("muster-test/game:1");
    expect(await says(muster, "muster images list")).toContain("muster-test/game:1");
    await says(muster, "muster volumes create system-test-volume");
    expect(await says(muster, "muster volumes list")).toContain("system-test-volume");
    await says(muster, "muster volumes remove system-test-volume");
    expect(await says(muster, "muster audit list --limit 500")).toContain("server.deploy");
    expect(await says(muster, "muster audit verify")).toContain("whole");
  });

  test("kills at once, removes, and keeps the data until it is told to delete it", async () => {
    await says(muster, `muster servers console alpha --send "say kept"`);
    await says(muster, "muster servers restart alpha");
    await says(muster, "muster servers console alpha --send hang");
    await says(muster, "muster servers kill alpha");
    expect(await says(muster, "muster servers remove alpha")).toContain("kept as");
    const data = JSON.parse(await says(muster, "muster data list --json")) as { name: string; server_id: string | null }[];
    expect(data).toHaveLength(1);
    const node = (JSON.parse(await says(muster, "muster nodes list --json")) as { id: string }[])[0]!.id;
    expect((await sh(muster, `muster data remove ${data[0]!.name} --node ${node}`)).err).toContain("--yes");
    await says(muster, `muster servers deploy again --game ${GAME_ID} --set PASSWORD=hidden --data ${data[0]!.name}`);
    expect(await says(muster, "muster servers exec again -- /game file /data/world.txt")).toContain("kept");
    await says(muster, "muster servers remove again --data --yes");
    expect(JSON.parse(await says(muster, "muster data list --json"))).toEqual([]);
  });

  test("restores a backup as docs/operations/backup.md says, and its servers never stopped", async () => {
    await says(muster, `muster servers deploy kept --game ${GAME_ID} --set PASSWORD=hidden`);
    const { path } = JSON.parse(await says(muster, "muster backup --json")) as { path: string };
    expect(await says(muster, `sqlite3 ${path} 'pragma integrity_check'`)).toBe("ok\n");
    await says(muster, "muster tokens create later --role viewer");
    await muster.kill();
    await says(muster, `cp ${path} "$MUSTER_DATA_DIR/muster.db" && rm -f "$MUSTER_DATA_DIR"/muster.db-wal "$MUSTER_DATA_DIR"/muster.db-shm`);
    await muster.run();
    await until("the node is back and tells what it has", async () => (JSON.parse(await says(muster, "muster servers show kept --json")) as { state: string }).state === "ready");
    expect(await says(muster, "muster tokens list")).not.toContain("later");
    expect(await says(muster, "muster servers exec kept -- /game file /data/starts.txt")).toMatch(/^1/);
    await says(muster, "muster servers remove kept --data --yes");
  });

  test("completes nouns and verbs in bash", async () => {
    const line = `source <(muster completion bash); COMP_WORDS=(muster servers de); COMP_CWORD=2; _muster; echo "\${COMPREPLY[@]}"`;
    expect(await says(muster, line)).toBe("deploy\n");
  });
});
