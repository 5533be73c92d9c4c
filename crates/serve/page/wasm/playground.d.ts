/* tslint:disable */
/* eslint-disable */

/**
 * A run in the page.
 */
export class Playground {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Makes one update. `seconds` is how long the run has been training.
     */
    advance(seconds: number): void;
    /**
     * Everything about the run that does not change.
     */
    description(): string;
    /**
     * `prompt`, continued by at most `tokens` tokens by the model as it stands.
     */
    generate(prompt: string, tokens: number, temperature: number, seed: number): string;
    /**
     * Whether the tasks before the first update have been done.
     */
    has_begun(): boolean;
    /**
     * Whether all updates have been made.
     */
    is_complete(): boolean;
    /**
     * The curves of the log.
     */
    log(): string;
    /**
     * The words nearest to `word`.
     */
    neighbours(step: number, word: number): string;
    /**
     * The run that `config` describes in TOML, on `text`, or on the toy corpus.
     */
    constructor(config: string, text?: string | null);
    /**
     * The run in the zip file of a run folder.
     */
    static open(zip: Uint8Array | number[]): Playground;
    /**
     * How close two words are in each frame.
     */
    pair(a: number, b: number): string;
    /**
     * The points of the frame of `step` in a view, `{"by": "pca"}`, in the page's format.
     */
    points(step: number, view: string): Uint8Array;
    /**
     * The position table, in the page's format.
     */
    positions(step: number): Uint8Array;
    /**
     * The run as the zip file of its folder.
     */
    save(): Uint8Array;
    /**
     * A text as the model first sees it.
     */
    sentence(step: number, text: string): string;
    /**
     * Progress and watched pairs.
     */
    status(): string;
    /**
     * The run in brief.
     */
    summary(): string;
}

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_playground_free: (a: number, b: number) => void;
    readonly playground_advance: (a: number, b: number) => [number, number];
    readonly playground_description: (a: number) => [number, number];
    readonly playground_generate: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number, number, number];
    readonly playground_has_begun: (a: number) => number;
    readonly playground_is_complete: (a: number) => number;
    readonly playground_log: (a: number) => [number, number];
    readonly playground_neighbours: (a: number, b: number, c: number) => [number, number, number, number];
    readonly playground_new: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly playground_open: (a: number, b: number) => [number, number, number];
    readonly playground_pair: (a: number, b: number, c: number) => [number, number, number, number];
    readonly playground_points: (a: number, b: number, c: number, d: number) => [number, number, number, number];
    readonly playground_positions: (a: number, b: number) => [number, number, number, number];
    readonly playground_save: (a: number) => [number, number, number, number];
    readonly playground_sentence: (a: number, b: number, c: number, d: number) => [number, number, number, number];
    readonly playground_status: (a: number) => [number, number];
    readonly playground_summary: (a: number) => [number, number];
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path?: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
