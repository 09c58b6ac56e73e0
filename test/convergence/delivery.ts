// Between a device and the server: one message at a time, or everything there is.

import type { ModelServer } from './modelServer.ts';
import type { ServerMessage } from '@cuebook/shared/client/messages';
import { type Channel, type SimulatedDevice } from './simulatedDevice.ts';

const CHANNELS: readonly Channel[] = ['answers', 'feed', 'hints'];
const TOO_MANY = 3000;

/** Channels on which something waits. */
export const waiting = (device: SimulatedDevice): readonly Channel[] =>
  CHANNELS.filter((channel) => device.toClient[channel].length > 0);

/** The request with this number; the answers are put on their channels. */
export function deliverToServer(
  server: ModelServer,
  device: SimulatedDevice,
  index: number,
  times = 1,
): readonly ServerMessage[] {
  const [sending] = device.toServer.splice(index, 1);
  if (sending === undefined) return [];
  const all: ServerMessage[] = [];
  for (let time = 0; time < times; time++) {
    const answers = server.answer(device.caller, sending.request, sending.bytes);
    if (answers === null) {
      device.disconnect();
      return all;
    }
    for (const answer of answers) device.toClient[answer.kind === 'feed' ? 'feed' : 'answers'].push(answer);
    all.push(...answers);
  }
  return all;
}

/** In order, until neither has anything to say. */
export async function deliverAll(
  server: ModelServer,
  device: SimulatedDevice,
  onAnswer: (answer: ServerMessage) => void = () => undefined,
  onTake: (message: ServerMessage) => void = () => undefined,
): Promise<void> {
  for (let count = 0; count < TOO_MANY; count++) {
    if (device.toServer.length > 0) {
      for (const answer of deliverToServer(server, device, 0)) onAnswer(answer);
      continue;
    }
    const [channel] = waiting(device);
    const message = channel === undefined ? undefined : device.toClient[channel].shift();
    if (message === undefined) return;
    onTake(message);
    await device.take(message);
  }
  throw new Error('A device and its server never stop talking.');
}
