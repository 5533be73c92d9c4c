// The cloud: every word a point, drawn on the GPU, which also interpolates between frames.

import {
  BufferAttribute,
  BufferGeometry,
  Color,
  GLSL3,
  Matrix4,
  PerspectiveCamera,
  Points as Cloud3,
  RawShaderMaterial,
  Scene as Scene3,
  Vector3,
  WebGLRenderer,
} from "three";
import { type Camera, HOME_DISTANCE } from "./camera";
import type { Box } from "./free";
import { NO_COORDINATE, type Points } from "./source";
import { COLOURS, type Rgb, type Theme } from "./theme";

// A word is drawn between its coordinates in one frame (`position`) and in the next (`later`); after a jump it glides
// there from where it was drawn (`was`). A word whose vector is not finite has no coordinates: all three are −32768.
// `look` is colour, size, strength; words of strength 0 are hidden.
const VERTEX = `
precision highp float;
in vec3 position, later, was;
in vec4 look;
uniform mat4 modelViewMatrix, projectionMatrix;
uniform vec3 scales;
uniform float between, tween, depth, pixels, away, crowd, shrink;
uniform vec3 palette[${COLOURS}], paper;
out vec3 colour;
out float edge;
void main() {
  bool nowhere = look.z == 0.0 || all(lessThanEqual(position, vec3(-1.0))) || all(lessThanEqual(later, vec3(-1.0)));
  vec3 point = mix(mix(position * scales.x, later * scales.y, between), was * scales.z, tween);
  point.z *= depth;
  vec4 seen = modelViewMatrix * vec4(point, 1.0);
  gl_Position = nowhere ? vec4(2.0, 2.0, 2.0, 1.0) : projectionMatrix * seen;
  float strength = look.z * 255.0 / 100.0;
  float size = (2.4 + 7.0 * look.y) * crowd * shrink * (strength > 1.5 ? 1.35 : 1.0);
  gl_PointSize = clamp(size * away / max(-seen.z, 0.05), 2.2, 44.0) * pixels;
  edge = min(0.8, 1.6 / gl_PointSize);
  float far = clamp((-seen.z - away) / (1.6 * away) + 0.12, 0.0, 0.55);
  colour = mix(palette[int(look.x * 255.0 + 0.5)], paper, max(far, 1.0 - min(strength, 1.0)));
}`;

const FRAGMENT = `
precision mediump float;
in vec3 colour;
in float edge;
out vec4 shown;
void main() {
  float from = length(gl_PointCoord - 0.5) * 2.0;
  float cover = 1.0 - smoothstep(1.0 - edge, 1.0, from);
  if (cover < 0.05) discard;
  shown = vec4(colour, cover);
}`;

function renderer(canvas: HTMLCanvasElement): WebGLRenderer {
  try {
    return new WebGLRenderer({ canvas, antialias: false });
  } catch {
    throw new Error("This page needs WebGL 2: switch it on, or hardware acceleration, in the browser's settings.");
  }
}

export interface ScreenPoint {
  x: number;
  y: number;
  /** 1 at the distance of the point that is looked at, larger in front of it, 0 behind the camera. */
  near: number;
}

/** Words that must be visible keep this distance from the edges of the free area, so that their labels fit, in pixels. */
const ROOM = 26;

const TWEEN_SECONDS = 0.45;

export class Scene {
  readonly canvas = document.createElement("canvas");
  words = 0;
  private readonly renderer = renderer(this.canvas);
  private readonly scene = new Scene3();
  private readonly lens: PerspectiveCamera;
  private readonly geometry = new BufferGeometry();
  private readonly uniforms = {
    scales: { value: new Vector3(1, 1, 1) },
    between: { value: 0 },
    tween: { value: 0 },
    depth: { value: 1 },
    pixels: { value: 1 },
    away: { value: 4 },
    crowd: { value: 1 },
    shrink: { value: 1 },
    palette: { value: Array.from({ length: COLOURS }, () => new Color()) },
    paper: { value: new Color() },
  };
  private frames: [Points, Points] | null = null;
  private was = new Float32Array(0);
  private onScreen = new Matrix4();
  width = 1;
  height = 1;
  /** The part of the picture that nothing covers: the point that the camera looks at is drawn at its centre. */
  free: Box = [0, 0, 1, 1];
  private sharpness = Math.min(2, devicePixelRatio || 1);

  constructor(private camera: Camera) {
    this.lens = new PerspectiveCamera((camera.field * 180) / Math.PI, 1, 0.02, 100);
    const material = new RawShaderMaterial({
      glslVersion: GLSL3,
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      uniforms: this.uniforms,
      transparent: true,
    });
    const cloud = new Cloud3(this.geometry, material);
    cloud.frustumCulled = false;
    this.scene.add(cloud);
  }

  /** Allocates the buffers for a vocabulary; `sizes` are from 0 (rare) to 1. */
  allocate(sizes: Float32Array): void {
    this.words = sizes.length;
    this.frames = null;
    this.was = new Float32Array(3 * this.words);
    const look = new Uint8Array(4 * this.words);
    sizes.forEach((size, word) => look.set([0, Math.round(size * 255), 100, 0], 4 * word));
    const empty = () => new BufferAttribute(new Int16Array(3 * this.words), 3, true);
    this.geometry.dispose();
    this.geometry.setAttribute("position", empty());
    this.geometry.setAttribute("later", empty());
    this.geometry.setAttribute("was", new BufferAttribute(this.was, 3));
    this.geometry.setAttribute("look", new BufferAttribute(look, 4, true));
    this.geometry.setDrawRange(0, 0);
    this.uniforms.crowd.value = Math.min(1.15, Math.max(0.4, (500 / this.words) ** 0.25));
  }

  /** Sets colours and strengths: 100 is normal, less is paler, 0 is hidden, 200 stands out. */
  restyle(colour: (word: number) => number, strength: (word: number) => number): void {
    const look = this.geometry.getAttribute("look") as BufferAttribute;
    for (let word = 0; word < this.words; word++) {
      look.array[4 * word] = colour(word);
      look.array[4 * word + 2] = strength(word);
    }
    look.needsUpdate = true;
  }

  hidden(word: number): boolean {
    return this.geometry.getAttribute("look").array[4 * word + 2] === 0;
  }

  paint(theme: Theme, colours: Rgb[]): void {
    this.renderer.setClearColor(new Color(...theme.paper), 1);
    this.renderer.outputColorSpace = "srgb-linear";
    this.uniforms.paper.value.setRGB(...theme.paper);
    this.uniforms.palette.value.forEach((colour, i) => colour.setRGB(...colours[i]));
  }

  /** Shows the words at the fraction `between` of the way from one frame to the next, scaled by `unit`; with `tween` they glide there. */
  show(earlier: Points, later: Points, between: number, unit: number, tween: boolean): void {
    if (tween && this.frames) this.remember();
    this.upload("position", this.frames?.[0], earlier);
    this.upload("later", this.frames?.[1], later);
    this.frames = [earlier, later];
    this.uniforms.scales.value.set(earlier.scale * unit, later.scale * unit, 1);
    this.uniforms.between.value = between;
    this.geometry.setDrawRange(0, this.words);
  }

  private upload(name: string, before: Points | undefined, now: Points): void {
    if (before === now) return;
    const attribute = this.geometry.getAttribute(name) as BufferAttribute;
    attribute.array = now.coordinates;
    attribute.needsUpdate = true;
  }

  private remember(): void {
    const spot = new Float32Array(3);
    for (let word = 0; word < this.words; word++) {
      this.world(word, spot);
      for (let axis = 0; axis < 3; axis++) this.was[3 * word + axis] = spot[axis] || 0;
    }
    this.geometry.getAttribute("was").needsUpdate = true;
    this.uniforms.tween.value = 1;
  }

  /** Advances gliding words by some seconds; says whether they moved. */
  tween(seconds: number): boolean {
    if (this.uniforms.tween.value === 0) return false;
    this.uniforms.tween.value = Math.max(0, this.uniforms.tween.value - seconds / TWEEN_SECONDS);
    return true;
  }

  get empty(): boolean {
    return this.frames === null;
  }

  /** The world coordinates of a word as it is drawn now; NaN if its vector is not finite. */
  world(word: number, into = new Float32Array(3)): Float32Array {
    if (!this.frames) return into;
    const [earlier, later] = this.frames;
    const { scales, between, tween } = this.uniforms;
    if (earlier.coordinates[3 * word] === NO_COORDINATE || later.coordinates[3 * word] === NO_COORDINATE)
      return into.fill(NaN);
    for (let axis = 0; axis < 3; axis++) {
      const from = (earlier.coordinates[3 * word + axis] / 32767) * scales.value.x;
      const to = (later.coordinates[3 * word + axis] / 32767) * scales.value.y;
      const now = from + (to - from) * between.value;
      into[axis] = now + (this.was[3 * word + axis] - now) * tween.value;
    }
    return into;
  }

  resize(width: number, height: number): void {
    if (width === this.width && height === this.height) return;
    [this.width, this.height] = [Math.max(1, width), Math.max(1, height)];
    this.renderer.setPixelRatio(this.sharpness);
    this.renderer.setSize(this.width, this.height, false);
  }

  /** Draws fewer pixels, for machines that cannot keep up; says whether it could. */
  lowerResolution(): boolean {
    if (this.sharpness <= 0.75) return false;
    this.sharpness = this.sharpness > 1 ? 1 : 0.75;
    this.renderer.setPixelRatio(this.sharpness);
    return true;
  }

  /** On a narrow screen the cloud fits the width: distances are multiplied by this. */
  private get stretch(): number {
    return Math.max(1, (0.95 * this.height) / this.width);
  }

  private aim(): void {
    const { yaw, pitch, distance, extra, target } = this.camera;
    const { width, height, free } = this;
    const away = (distance + extra) * this.stretch;
    this.lens.aspect = width / height;
    const [x, y] = [free[0] + free[2] / 2, free[1] + free[3] / 2];
    this.lens.setViewOffset(width, height, width / 2 - x, height / 2 - y, width, height);
    this.lens.position.set(
      target[0] + away * Math.sin(yaw) * Math.cos(pitch),
      target[1] + away * Math.sin(pitch),
      target[2] + away * Math.cos(yaw) * Math.cos(pitch),
    );
    this.lens.lookAt(...target);
    this.lens.updateProjectionMatrix();
    this.lens.updateMatrixWorld();
    this.onScreen.multiplyMatrices(this.lens.projectionMatrix, this.lens.matrixWorldInverse);
    this.uniforms.depth.value = this.camera.depth;
    this.uniforms.pixels.value = this.sharpness;
    // Where the camera steps back for pinned words, the others stay as strong and labelled as before, but a bit smaller.
    this.uniforms.away.value = (HOME_DISTANCE + extra) * this.stretch;
    this.uniforms.shrink.value = Math.sqrt(HOME_DISTANCE / (HOME_DISTANCE + extra));
  }

  /** How much farther away than `camera.distance` the camera must be for these words to lie in the free area. */
  extraDistance(words: Iterable<number>): number {
    this.aim();
    const { width, height, free, lens } = this;
    const focus = 1 / Math.tan(this.camera.field / 2);
    const most = [Math.max(free[2] / 2 - ROOM, 20) / (width / 2), Math.max(free[3] / 2 - ROOM, 20) / (height / 2)];
    const seen = new Vector3();
    let extra = -Infinity;
    for (const word of words) {
      const [x, y, z] = this.world(word);
      if (Number.isNaN(x)) continue;
      seen.set(x, y, z * this.camera.depth).applyMatrix4(lens.matrixWorldInverse);
      const across = (Math.abs(seen.x) * focus) / lens.aspect / most[0];
      extra = Math.max(extra, across + seen.z, (Math.abs(seen.y) * focus) / most[1] + seen.z);
    }
    // `seen.z` is minus the distance along the view, which includes the extra distance of now.
    return Math.max(0, extra / this.stretch + this.camera.extra);
  }

  draw(): void {
    this.aim();
    this.renderer.render(this.scene, this.lens);
  }

  /** Projects world coordinates to the picture, in CSS pixels. */
  project(point: ArrayLike<number>, into: ScreenPoint): ScreenPoint {
    const m = this.onScreen.elements;
    const [x, y, z] = [point[0], point[1], point[2] * this.camera.depth];
    const w = m[3] * x + m[7] * y + m[11] * z + m[15];
    into.x = ((m[0] * x + m[4] * y + m[8] * z + m[12]) / w + 1) * 0.5 * this.width;
    into.y = (1 - (m[1] * x + m[5] * y + m[9] * z + m[13]) / w) * 0.5 * this.height;
    into.near = w > 0.02 ? this.uniforms.away.value / w : 0;
    return into;
  }

  dispose(): void {
    this.geometry.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }

  /** The words that lie in an area of the picture. */
  within(holds: (x: number, y: number) => boolean): number[] {
    const [point, spot, found] = [new Float32Array(3), { x: 0, y: 0, near: 0 }, [] as number[]];
    for (let word = 0; word < this.words; word++) {
      if (this.hidden(word)) continue;
      this.project(this.world(word, point), spot);
      if (spot.near > 0 && holds(spot.x, spot.y)) found.push(word);
    }
    return found;
  }

  /** The word at a pixel of the picture: of those within `reach` pixels, the one in front. */
  pick(x: number, y: number, reach: number): number | null {
    const [point, spot] = [new Float32Array(3), { x: 0, y: 0, near: 0 }];
    let [found, best] = [-1, Infinity];
    for (let word = 0; word < this.words; word++) {
      if (this.hidden(word)) continue;
      this.project(this.world(word, point), spot);
      if (spot.near === 0) continue;
      const from = Math.hypot(spot.x - x, spot.y - y);
      if (from < reach && from - 3 * spot.near < best) [found, best] = [word, from - 3 * spot.near];
    }
    return found < 0 ? null : found;
  }
}
