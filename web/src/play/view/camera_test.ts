import { beforeEach, describe, expect, it } from "vitest";
import { Camera } from "./camera";

let camera: Camera;
beforeEach(() => {
  camera = new Camera();
  camera.resize(1_200, 600, 600);
});

describe("the camera", () => {
  it("shows as far as the world tells of others, to the longer side", () => {
    camera.follow(0, 0, 0, 0, 16);
    expect(camera.toScreenX(-600)).toBeCloseTo(0);
    expect(camera.toScreenX(600)).toBeCloseTo(1_200);
    expect(camera.sees(590, 290, 0)).toBe(true);
    expect(camera.sees(0, 310, 0)).toBe(false);
  });

  it("turns places of the screen into places of the world and back", () => {
    camera.follow(123, -45, 0, 0, 16);
    expect(camera.toWorldX(camera.toScreenX(77))).toBeCloseTo(77);
    expect(camera.toWorldY(camera.toScreenY(-9))).toBeCloseTo(-9);
  });

  it("shows little of what lies beyond the border", () => {
    camera.keepWithin(-800, -600, 1_600, 1_200);
    camera.follow(-780, 590, 0, 0, 16);
    expect(camera.left).toBeCloseTo(-870);
    expect(camera.toWorldY(600)).toBeCloseTo(670);
  });

  it("shakes only for who wants it", () => {
    camera.shakeFactor = 0;
    camera.kick(1);
    camera.follow(0, 0, 0, 0, 16);
    expect(camera.left).toBe(-600);
  });
});
