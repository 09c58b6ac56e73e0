// A measured figure, as benchmarks give it. Printed as one JSON line.

export interface Figure {
  /** Dotted name, unique: `library.search.p95`. */
  readonly figure: string;
  /** What counts; for a ratio, `measured / floor`. */
  readonly value: number;
  /** `ms`, `KB`, `x`, … */
  readonly unit: string;
  /** What the same machine does at best, measured in the same run. */
  readonly floor?: number;
  readonly measured?: number;
  readonly runs: number;
}

/** What a `test/bench/*.bench.ts` exports. */
export interface Benchmark {
  /** Its figures' names begin with this. */
  readonly prefix: string;
  figures(): Promise<readonly Figure[]>;
}
