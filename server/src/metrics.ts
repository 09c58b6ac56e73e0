// What Prometheus reads: counts and times, never names of people, workspaces or addresses.

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from '@prometheus-io/client';

export interface Metrics {
  /** One call on either transport; `code` is `ok` or an error's. */
  call(path: string, code: string, milliseconds: number): void;
  /** A socket that went; `reason` is one of the protocol's, or `client`. */
  closed(reason: string): void;
  /** A request of HTTP that is no call. */
  request(route: string, status: number): void;
  /** In Prometheus' text format. */
  read(): Promise<{ readonly text: string; readonly contentType: string }>;
}

export interface Gauges {
  readonly sockets: () => number;
  readonly subscriptions: () => number;
  readonly workspaces: () => number;
  readonly isDatabaseReachable: () => boolean;
  readonly isHubConnected: () => boolean;
}

/** `paths`: of all procedures; anything else that is called counts as one unknown. */
export function createMetrics(gauges: Gauges, paths: ReadonlySet<string>): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const calls = new Histogram({
    name: 'cuebook_call_seconds',
    help: 'Calls of procedures.',
    labelNames: ['path', 'code'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers,
  });
  const closed = new Counter({
    name: 'cuebook_sockets_closed_total',
    help: 'Sockets that went, by why.',
    labelNames: ['reason'] as const,
    registers,
  });
  const requests = new Counter({
    name: 'cuebook_http_requests_total',
    help: 'Requests of HTTP besides calls.',
    labelNames: ['route', 'status'] as const,
    registers,
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    const measured: Gauge = new Gauge({ name, help, registers, collect: () => measured.set(read()) });
  };
  gauge('cuebook_sockets', 'Open sockets.', gauges.sockets);
  gauge('cuebook_subscriptions', 'Subscriptions on them.', gauges.subscriptions);
  gauge('cuebook_followed_workspaces', 'Workspaces that somebody follows here.', gauges.workspaces);
  gauge('cuebook_database_reachable', '1: the database answers.', () => Number(gauges.isDatabaseReachable()));
  gauge('cuebook_hub_connected', '1: hints of other processes come in.', () =>
    Number(gauges.isHubConnected()),
  );
  return {
    call: (path, code, milliseconds) =>
      calls.observe({ path: paths.has(path) ? path : 'unknown', code }, milliseconds / 1000),
    closed: (reason) => closed.inc({ reason }),
    request: (route, status) => requests.inc({ route, status: String(status) }),
    read: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
}
