// The camera: orbits by mouse, touch and keyboard; looks straight at the first two axes in 2-D.

/** At this distance nine words of ten are well inside the picture. */
export const HOME_DISTANCE = 4.1;
const HOME = [0.5, 0.28, HOME_DISTANCE, 0, 0, 0];
const STRAIGHT = [0, 0, HOME_DISTANCE, 0, 0, 0];
const FARTHEST = 40;
const FIELD = (32 * Math.PI) / 180;
const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Shared by the clouds that stand side by side. */
export class Camera {
  yaw = HOME[0];
  pitch = HOME[1];
  distance = HOME[2];
  target: [number, number, number] = [0, 0, 0];
  /** Scales the third axis: 1 in 3-D, 0 in 2-D, between the two while the view changes. */
  depth = 1;
  flat = false;
  /** Whether the reader has moved it; until then it drifts slowly, and steps back to keep the pinned words visible. */
  touched = false;
  /** How much farther away it is than `distance` for that, and how much it needs to be now. */
  extra = 0;
  private needed = 0;
  readonly field = FIELD;

  /** Called when it has moved. */
  changed: () => void = () => {};

  get eye(): number[] | null {
    return this.touched ? [this.yaw, this.pitch, this.distance, ...this.target] : null;
  }

  set eye(eye: number[] | null) {
    const [yaw, pitch, distance, x, y, z] = eye ?? (this.flat ? STRAIGHT : HOME);
    Object.assign(this, { yaw, pitch, distance, target: [x, y, z], touched: eye !== null, extra: 0 });
    this.changed();
  }

  /** Advances the change between 2-D and 3-D by some seconds; says whether anything moved. */
  advance(seconds: number): boolean {
    const goal = this.flat ? 0 : 1;
    if (this.depth === goal && !(this.flat && (this.yaw || this.pitch))) return false;
    const step = Math.min(1, seconds * 5);
    this.depth = Math.abs(goal - this.depth) < 0.01 ? goal : this.depth + (goal - this.depth) * step;
    if (this.flat) {
      this.yaw = Math.abs(this.yaw) < 0.002 ? 0 : this.yaw * (1 - step);
      this.pitch = Math.abs(this.pitch) < 0.002 ? 0 : this.pitch * (1 - step);
    }
    return true;
  }

  flatten(flat: boolean): void {
    if (flat === this.flat) return;
    this.flat = flat;
    this.yaw = ((this.yaw + Math.PI) % (2 * Math.PI)) - Math.PI;
    if (!flat) [this.yaw, this.pitch] = [HOME[0], HOME[1]];
    this.changed();
  }

  rotate(right: number, up: number): void {
    this.yaw -= right;
    this.pitch = Math.min(1.5, Math.max(-1.5, this.pitch + up));
    this.moved();
  }

  /** Moves the point that is looked at, in units of the picture's height. */
  pan(right: number, up: number): void {
    const size = 2 * this.distance * Math.tan(FIELD / 2);
    const [cy, sy, cp, sp] = [Math.cos(this.yaw), Math.sin(this.yaw), Math.cos(this.pitch), Math.sin(this.pitch)];
    this.target[0] += size * (right * cy - up * sy * sp);
    this.target[1] += size * up * cp;
    this.target[2] += size * (-right * sy - up * cy * sp);
    this.moved();
  }

  zoom(factor: number): void {
    this.distance = Math.min(FARTHEST, Math.max(0.15, this.distance * factor));
    this.moved();
  }

  drift(seconds: number): void {
    if (!this.touched && !this.flat) this.yaw += seconds * 0.06;
  }

  /** Steps back at once as far as the pinned words need it. */
  stepBack(needed: number): void {
    if (this.touched) return;
    this.needed = Math.min(needed, FARTHEST);
    this.extra = Math.max(this.extra, this.needed);
  }

  /** Comes nearer for some seconds, if the pinned words let it; says whether it moved. */
  comeNearer(seconds: number): boolean {
    if (this.touched || this.extra - this.needed < 0.01) return false;
    this.extra += (this.needed - this.extra) * Math.min(1, 2.5 * seconds);
    return true;
  }

  private moved(): void {
    this.distance += this.extra;
    this.extra = 0;
    this.touched = true;
    this.changed();
  }

  /** Lets the canvas steer: drag, shift-drag, wheel, pinch, arrows, plus and minus. */
  attach(canvas: HTMLElement): void {
    const fingers = new Map<number, { x: number; y: number }>();
    const drag = (dx: number, dy: number, shift: boolean) => {
      const height = canvas.clientHeight || 1;
      if (shift || this.flat) this.pan(-dx / height, dy / height);
      else this.rotate((dx / height) * 4, (dy / height) * 4);
    };
    canvas.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const now = { x: event.clientX, y: event.clientY };
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const apart = (p: { x: number; y: number }) => Math.hypot(p.x - other.x, p.y - other.y) || 1;
        this.zoom(apart(before) / apart(now));
        this.pan((before.x - now.x) / 2 / canvas.clientHeight, (now.y - before.y) / 2 / canvas.clientHeight);
      } else {
        drag(now.x - before.x, now.y - before.y, event.shiftKey || event.buttons === 2);
      }
      fingers.set(event.pointerId, now);
    });
    for (const end of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
    }
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.0025));
      },
      { passive: false },
    );
    canvas.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (arrow && (event.shiftKey || this.flat)) this.pan(arrow[0] * 0.05, arrow[1] * 0.05);
      else if (arrow) this.rotate(arrow[0] * 0.08, -arrow[1] * 0.08);
      else if (event.key === "+" || event.key === "=") this.zoom(0.88);
      else if (event.key === "-") this.zoom(1 / 0.88);
      else if (event.key === "0") this.eye = null;
      else return;
      event.preventDefault();
    });
  }
}
