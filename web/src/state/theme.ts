import { signal } from "@preact/signals";

/** The person's colours: the system's by default, or one of the two for good. */
export type Theme = "system" | "light" | "dark";

const KEY = "muster.theme";
const ORDER: readonly Theme[] = ["system", "light", "dark"];

function stored(): Theme {
  const value = localStorage.getItem(KEY) as Theme | null;
  return value && ORDER.includes(value) ? value : "system";
}

export const theme = signal<Theme>(stored());

export function applyTheme(): void {
  document.documentElement.style.colorScheme = theme.value === "system" ? "" : theme.value;
  document.dispatchEvent(new Event("muster:theme"));
}

export function cycleTheme(): void {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length]!;
  if (theme.value === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme.value);
  applyTheme();
}
