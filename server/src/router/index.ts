// The router: all that can be asked of the server. The extension takes `AppRouter`, the one type.

import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server';
import { accountRouter } from './account.ts';
import { auditRouter } from './audit.ts';
import { router } from './procedures.ts';
import { recordRouter } from './record.ts';
import { serverRouter } from './server.ts';
import { sessionRouter } from './session.ts';
import { tokenRouter } from './token.ts';
import { workspaceRouter } from './workspace.ts';

export const appRouter = router({
  server: serverRouter,
  session: sessionRouter,
  account: accountRouter,
  workspace: workspaceRouter,
  record: recordRouter,
  token: tokenRouter,
  audit: auditRouter,
});

export type AppRouter = typeof appRouter;
export type AppInputs = inferRouterInputs<AppRouter>;
export type AppOutputs = inferRouterOutputs<AppRouter>;

/** Of all procedures, such as `record.append`. */
export const procedurePaths: ReadonlySet<string> = new Set(Object.keys(appRouter._def.procedures));
