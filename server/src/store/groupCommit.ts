// What arrives for a workspace while a transaction of that workspace is being written goes into the next one together:
// under load a commit carries many appends, without load each goes at once.

import type { WorkspaceId } from '@cuebook/shared/encoding/ids';

export interface Waiting<Item, Answer> {
  readonly item: Item;
  /** One of the two is called, once, after the transaction has ended. */
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommit<Item, Answer> {
  add(workspace: WorkspaceId, item: Item): Promise<Answer>;
}

export interface GroupLimits<Item> {
  /** Of one transaction: the sum of what `weigh` says. One item always goes. */
  readonly most: number;
  weigh(item: Item): number;
}

/** `commit` settles every item that it is given; what it leaves is rejected with what it threw. */
export function createGroupCommit<Item, Answer>(
  commit: (workspace: WorkspaceId, group: readonly Waiting<Item, Answer>[]) => Promise<void>,
  limits: GroupLimits<Item>,
): GroupCommit<Item, Answer> {
  const queues = new Map<WorkspaceId, Waiting<Item, Answer>[]>();

  const drain = async (workspace: WorkspaceId, queue: Waiting<Item, Answer>[]): Promise<void> => {
    while (queue.length > 0) {
      const group = takeGroup(queue, limits);
      try {
        await commit(workspace, group);
      } catch (error) {
        for (const waiting of group) waiting.reject(error);
      }
    }
    queues.delete(workspace);
  };

  return {
    add(workspace, item) {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      const queue = queues.get(workspace);
      const waiting = { item, resolve, reject };
      if (queue !== undefined) {
        queue.push(waiting);
        return promise;
      }
      const started = [waiting];
      queues.set(workspace, started);
      void drain(workspace, started);
      return promise;
    },
  };
}

function takeGroup<Item, Answer>(
  queue: Waiting<Item, Answer>[],
  limits: GroupLimits<Item>,
): readonly Waiting<Item, Answer>[] {
  let weight = 0;
  let count = 0;
  for (const { item } of queue) {
    weight += limits.weigh(item);
    if (count > 0 && weight > limits.most) break;
    count += 1;
  }
  return queue.splice(0, count);
}
