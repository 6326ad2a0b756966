import { render, type ComponentChild } from "preact";
import { vi } from "vitest";

/** For the tests of pages: an API in memory, and a page to draw on. */

export interface Heard {
  method: string;
  path: string;
  headers: Headers;
  body: unknown;
}

type Reply = { status?: number; body?: unknown; headers?: Record<string, string> };

/** Far above what a slow, busy machine needs. */
export const PATIENCE = { timeout: 20_000 };

/** Answers "METHOD /path" from a table and remembers what was asked. What is not in the table is a failure of the test. */
export function fakeApi(replies: Record<string, Reply | ((heard: Heard) => Reply)>): Heard[] {
  const all: Heard[] = [];
  vi.stubGlobal("fetch", async (url: string, request: RequestInit): Promise<Response> => {
    const path = url.replace(/^\/api\/v1/, "").replace(/\?.*/, "");
    const heard: Heard = { method: request.method ?? "GET", path, headers: new Headers(request.headers), body: request.body ? JSON.parse(String(request.body)) : undefined };
    all.push(heard);
    const entry = replies[`${heard.method} ${path}`];
    if (!entry) throw new Error(`nobody answers ${heard.method} ${path}`);
    const reply = typeof entry === "function" ? entry(heard) : entry;
    const status = reply.status ?? 200;
    return new Response(status === 204 ? null : JSON.stringify(reply.body ?? { items: [], next_cursor: null }), {
      status, headers: { "Content-Type": status < 400 ? "application/json" : "application/problem+json", ...reply.headers },
    });
  });
  return all;
}

/** Sockets that never open: pages must do without. */
export function noSockets(): void {
  vi.stubGlobal("WebSocket", class {
    close(): void {}
  });
}

export class Screen {
  readonly root = document.createElement("div");

  constructor(what: ComponentChild) {
    document.body.replaceChildren(this.root);
    render(what, this.root);
  }
  get text(): string {
    return (this.root.textContent ?? "").replace(/\s+/g, " ");
  }
  find<T extends Element = HTMLElement>(selector: string): T {
    const element = this.root.querySelector<T>(selector);
    if (!element) throw new Error(`there is no ${selector} in: ${this.text.slice(0, 400)}`);
    return element;
  }
  has(selector: string): boolean {
    return this.root.querySelector(selector) !== null;
  }
  async sees(text: string | RegExp): Promise<void> {
    await vi.waitFor(() => {
      if (!(typeof text === "string" ? this.text.includes(text) : text.test(this.text))) throw new Error(`${String(text)} is not in: ${this.text.slice(0, 600)}`);
    }, PATIENCE);
  }
  type(selector: string, text: string): void {
    const input = this.find<HTMLInputElement>(selector);
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  click(selector: string): void {
    this.find(selector).click();
  }
  submit(selector = "form"): void {
    this.find<HTMLFormElement>(selector).dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  }
  close(): void {
    render(null, this.root);
  }
}
