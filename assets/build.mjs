// Builds src/livedash/web/static: the files and manifest.json, {logical name: file}. Run by `npm run build`.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const source = (name) => join(here, "src", name);
const target = join(here, "..", "src", "livedash", "web", "static");

/** Files whose name stays, since pages of other sites load them; every other file has a hash of its content in it. */
const FIXED = { "follow.js": "livedash.js" };
/** What may be served of a file at most, in bytes. */
const BUDGETS = { "follow.js": 2048 };

/** `livedash.js` → its bundled, minified bytes. */
async function bundle(name, format = "iife") {
  const { outputFiles } = await build({
    define: { "process.env.NODE_ENV": '"production"' },
    entryPoints: [source(name)],
    bundle: true,
    minify: true,
    write: false,
    format,
    target: ["chrome123", "firefox120", "safari17.5"],
    legalComments: "inline",
  });
  return Buffer.from(outputFiles[0].contents);
}

/** Position classes: the page's security policy allows no style attributes. Bounds as in a widget's `position`. */
function gridClasses() {
  const rules = (prefix, from, to, add) =>
    Array.from({ length: to - from + 1 }, (_, i) => `.${prefix}-${from + i}{--${prefix}:${from + i + add}}`);
  return [
    ...rules("x", 0, 11, 1),
    ...rules("y", 0, 199, 1),
    ...rules("w", 1, 12, 0),
    ...rules("h", 1, 24, 0),
  ].join("");
}

/** Fonts that come inside a style sheet: the page's security policy has no place for them. */
const withoutFonts = (css) => Buffer.from(css.toString().replace(/@font-face\{[^}]*\}/g, ""));

async function contents() {
  return {
    "theme.js": await bundle("theme.js"),
    "livedash.js": await bundle("livedash.js"),
    "follow.js": await bundle("follow.js", "esm"),
    "livedash.css": Buffer.concat([await bundle("livedash.css"), Buffer.from(gridClasses())]),
    "graphiql.js": await bundle("graphiql.js"),
    "graphiql.css": withoutFonts(await bundle("graphiql.css")),
    "favicon.svg": await readFile(source("favicon.svg")),
  };
}

function hashed(name, bytes) {
  const hash = createHash("sha256").update(bytes).digest("base64url").slice(0, 10).replace(/[-_]/g, "0");
  const ending = extname(name);
  return `${name.slice(0, -ending.length)}.${hash}${ending}`;
}

async function write(files) {
  await mkdir(target, { recursive: true });
  const manifest = {};
  for (const [name, bytes] of Object.entries(files)) {
    if (bytes.length > BUDGETS[name]) throw new Error(`${name} has ${bytes.length} of ${BUDGETS[name]} bytes`);
    manifest[name] = FIXED[name] ?? hashed(name, bytes);
    await writeFile(join(target, manifest[name]), bytes);
  }
  await writeFile(join(target, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const kept = new Set([...Object.values(manifest), "manifest.json"]);
  for (const file of await readdir(target)) if (!kept.has(file)) await rm(join(target, file));
  return manifest;
}

console.log(await write(await contents()));
