import { describe, expect, test } from "vitest";
import { plainText, withoutOverlap } from "./console_text";

describe("withoutOverlap", () => {
  test.each([
    ["a\nb\n", "", ""], ["", "x\ny", "x\ny"], ["a\nb\n", "c\n", "c\n"], ["a\nb\n", "b\nc\n", "c\n"], ["a\nb\n", "a\nb\nc\n", "c\n"], ["a\nb\nb\n", "b\nb\nc\n", "c\n"],
    ["a\r\nb\r\n", "b\nc\n", "c\n"], ["a\nb\n", "b", "b"], ["a\nb\n", "a\nc\n", "a\nc\n"],
  ])("after the log %j, %j brings %j", (log, live, news) => expect(withoutOverlap(log, live)).toBe(news));
});

test("plain text has no colours, titles or carriage returns", () => {
  expect(plainText("\x1b[32mready\x1b[0m\r\n\x1b]0;title\x07next\n")).toBe("ready\nnext\n");
});
