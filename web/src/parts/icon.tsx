/** Line icons, 24 by 24, drawn for this page. Decoration only: the words beside them say it too. */
const PATHS = {
  home: "M4 11.5 12 4l8 7.5V20h-5.5v-5h-5v5H4z",
  servers: "M4 5h16v6H4zM4 13h16v6H4zM7.5 8h.01M7.5 16h.01M11 8h5M11 16h5",
  nodes: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
  games: "M7 8h10a4.5 4.5 0 0 1 4.4 5.5l-.5 2.3a2.6 2.6 0 0 1-4.6.9L14.8 15H9.2l-1.5 1.7a2.6 2.6 0 0 1-4.6-.9l-.5-2.3A4.5 4.5 0 0 1 7 8zM8 10.5v3M6.5 12h3M16 11h.01M17.5 13h.01",
  operations: "M4 6h10M4 12h16M4 18h7M18 4v4M15 16v4",
  tokens: "M14.5 9.5a4.5 4.5 0 1 0-4.2 4.48L12 12.5h2V11h1.5zM8 8h.01M13 13l7 0M17 13v3M20 13v2",
  audit: "M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7",
  more: "M4.5 12h1M11.5 12h1M18.5 12h1",
  plus: "M12 5v14M5 12h14",
  play: "M8 5l11 7-11 7z",
  stop: "M6.5 6.5h11v11h-11z",
  restart: "M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4",
  pause: "M9 6v12M15 6v12",
  kill: "M12 3l9 16H3zM12 10v4M12 16.5v.01",
  update: "M12 4v11M8 11l4 4 4-4M5 20h14",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6L6 18",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20 20",
  terminal: "M4 5h16v14H4zM7.5 9.5l3 2.5-3 2.5M13 15h4",
  chart: "M4 4v16h16M7.5 15l3.5-4 3 2.5 5-6.5",
  gear: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 8v.01",
  out: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
  back: "M14 6l-6 6 6 6",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
} as const;

export type IconName = keyof typeof PATHS;

const SOLID: ReadonlySet<IconName> = new Set(["play", "stop"]);

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={`icon ${SOLID.has(name) ? "solid" : ""}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
