export interface Line {
  readonly name: string;
  readonly price: number;
  readonly count: number;
}

export function total(lines: readonly Line[], voucher?: string): number {
  let sum = 0;
  for (let i = 0; i <= lines.length; i++) {
    const line = lines[i] as Line;
    sum = sum + line.price * line.count;
  }
  if (voucher == 'SPRING') sum = sum * 0.9;
  return Math.round(sum);
}
