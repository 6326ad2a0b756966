import { Scope } from "@muster/client";
import { describe, expect, it } from "vitest";
import { next, wishOf, type Company } from "./words";

const company: Company = { names: ["Ada", "Ada Two", "Bert"], last: "Zoë B" };
const wish = (line: string) => wishOf(line, "all", company);
const says = (text: string, to: Scope, name?: string) => ({ do: "say", text, address: name === undefined ? { to } : { to, name } });

describe("a line that is typed", () => {
  it("goes to whom one talks to, or to whom a command names", () => {
    expect(wish(" hello ")).toEqual(says("hello", Scope.all));
    expect(wishOf("hello", "near", company)).toEqual(says("hello", Scope.near));
    expect(["/a x", "/t x", "/l x", "/p x", "/T  x"].map(wish)).toEqual([says("x", Scope.all), says("x", Scope.team), says("x", Scope.near), says("x", Scope.party), says("x", Scope.team)]);
    expect(wish("//t x")).toEqual(says("/t x", Scope.all));
    expect([wish(""), wish("   "), wish("/t ")]).toEqual([{ do: "nothing" }, { do: "nothing" }, { do: "nothing" }]);
  });

  it("names one player: by the longest name that is known, in quotes, or by a word", () => {
    expect(wish("/w Bert hi there")).toEqual(says("hi there", Scope.person, "Bert"));
    expect(wish("/w ada two hi")).toEqual(says("hi", Scope.person, "Ada Two"));
    expect(wish("/w Ada twoo hi")).toEqual(says("twoo hi", Scope.person, "Ada"));
    expect(wish('/w "Long Name" hi')).toEqual(says("hi", Scope.person, "Long Name"));
    expect(wish("/w Zed hi")).toEqual(says("hi", Scope.person, "Zed"));
    expect(wish("/r yes")).toEqual(says("yes", Scope.person, "Zoë B"));
    expect([wish("/w"), wish("/w Bert"), wishOf("/r x", "all", { names: [], last: "" })].map((one) => one.do)).toEqual(["trouble", "trouble", "trouble"]);
  });

  it("joins and leaves parties by a good code only", () => {
    expect(wish("/party Red-5")).toEqual({ do: "party", code: "Red-5" });
    expect(wish("/leave")).toEqual({ do: "party", code: "" });
    expect(["/party", "/party a b", "/party ä", `/party ${"a".repeat(17)}`].map((line) => wish(line).do)).toEqual(["trouble", "trouble", "trouble", "trouble"]);
  });

  it("helps, and says what is no command", () => {
    expect(wish("/help")).toEqual({ do: "help" });
    expect([wish("/nope x"), wish("/"), wish("/constructor x")].map((one) => one.do)).toEqual(["trouble", "trouble", "trouble"]);
  });

  it("changes whom one talks to, leaving out what there is not", () => {
    const all = { team: true, party: true };
    expect([next("all", all), next("team", all), next("near", all), next("party", all)]).toEqual(["team", "near", "party", "all"]);
    expect([next("all", { team: false, party: false }), next("near", { team: false, party: false })]).toEqual(["near", "all"]);
    expect(next("party", { team: false, party: false })).toBe("all");
  });
});
