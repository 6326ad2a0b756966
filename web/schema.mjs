// Generates src/play/generated from schemas/game.fbs with flatc, when the schema is newer than what is there.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const schema = join(import.meta.dirname, "../schemas/game.fbs");
const folder = join(import.meta.dirname, "src/play/generated");
const entry = join(folder, "game_generated.ts");

if (!existsSync(entry) || statSync(entry).mtimeMs < statSync(schema).mtimeMs) {
  rmSync(folder, { recursive: true, force: true });
  execFileSync("flatc", ["--ts", "-o", folder, schema], { stdio: "inherit" });
  for (const item of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!item.isFile()) continue;
    // flatc's code has unused imports and imports types as values; its declarations are right.
    const path = join(item.parentPath, item.name);
    writeFileSync(path, `// @ts-nocheck\n${readFileSync(path, "utf8")}`);
  }
}
