export interface Line {
  readonly price: number;
  readonly count: number;
}

export function total(lines: readonly Line[]): number {
  let sum = 0;
  for (const line of lines) sum = sum + line.price * line.count;
  return sum;
}
