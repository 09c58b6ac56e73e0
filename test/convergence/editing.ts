// What people do to prompts and folders on one device, drawn from the generator, and what they were promised by it.

import type { GroupId, RevisionId } from '@cuebook/shared/encoding/ids';
import { createFolder, createPrompts } from '@cuebook/shared/replica/creating';
import { currentText } from '@cuebook/shared/replica/history';
import { amendMessage, moveLabel, renameWorkspace } from '@cuebook/shared/replica/labelling';
import { place, purge, restore, trash } from '@cuebook/shared/replica/placing';
import { sharedKeys, shareProviderKey, withdrawProviderKey } from '@cuebook/shared/replica/providerKeys';
import { resolveConflict, restoreVersion, saveText } from '@cuebook/shared/replica/saving';
import { isAtLeast } from '@cuebook/shared/team/roles';
import { redact } from '@cuebook/shared/util/redacted';
import type { Chance } from './chance.ts';
import type { SimulatedDevice } from './simulatedDevice.ts';

/** A text that a save took: it must stay to be found. */
export interface Promised {
  readonly by: SimulatedDevice;
  readonly id: GroupId;
  readonly revisionId: RevisionId;
  readonly text: string;
}

interface Open {
  readonly revisionId: RevisionId;
  readonly text: string;
}

export const LABELS = ['label0', 'label1'] as const;
export const PROVIDER = 'gateway';

export class People {
  readonly promised: Promised[] = [];
  readonly #chance: Chance;
  readonly #sharesKeys: boolean;
  /** What an editor still shows of a prompt, while others go on. */
  readonly #editors = new Map<SimulatedDevice, Map<GroupId, Open>>();
  #count = 0;

  constructor(chance: Chance, sharesKeys: boolean) {
    this.#chance = chance;
    this.#sharesKeys = sharesKeys;
  }

  edit(device: SimulatedDevice): void {
    const chance = this.#chance;
    this.#count += 1;
    const { state } = device;
    const ids = [...state.groups.values()]
      .filter((group) => group.place !== null)
      .map((group) => group.id)
      .sort();
    const folders = ids.filter((id) => state.groups.get(id)?.kind === 'folder');
    const folderId = chance.isBelow(0.3) ? null : chance.pickOr(folders, null);
    // A few prompts that everybody works on, and folders that are moved into each other.
    const busy = ids.slice(0, chance.isBelow(0.7) ? 3 : ids.length);
    const id = chance.pickOr(busy, null);
    const moved = chance.isBelow(0.5) ? (chance.pickOr(folders, id) ?? id) : id;
    const name = `name${chance.below(4)}`;
    const kind = chance.next();
    if (id === null || kind < 0.08) this.#createPrompt(device, folderId, name);
    else if (kind < 0.13) {
      device.run((at, ports) => createFolder(at, ports, { parentId: folderId, name, ifTaken: 'suffix' }));
    } else if (kind < 0.6) this.#save(device, id);
    else if (kind < 0.61) this.#bringBack(device, id);
    else if (kind < 0.69) device.run((at, ports) => place(at, ports, [{ id, name, ifTaken: 'suffix' }]));
    else if (kind < 0.79) {
      device.run((at, ports) => place(at, ports, [{ id: moved ?? id, folderId, ifTaken: 'suffix' }]));
    } else if (kind < 0.83) device.run((at, ports) => trash(at, ports, [id]));
    else if (kind < 0.88) device.run((at, ports) => restore(at, ports, [id]));
    else if (kind < 0.91) this.#purge(device, id);
    else if (kind < 0.935) this.#label(device, id);
    else if (kind < 0.952) this.#amend(device, id);
    else if (kind < 0.96) {
      if (this.#sharesKeys && kind > 0.955) this.shareKey(device);
      else device.run((at, ports) => renameWorkspace(at, ports, name));
    } else this.#resolve(device, id);
  }

  /** Two people move two folders into each other, neither knowing of the other's move. */
  moveIntoEachOther(one: SimulatedDevice, other: SimulatedDevice): void {
    const common = [...one.state.groups.values()]
      .filter((group) => group.kind === 'folder' && other.state.groups.get(group.id)?.kind === 'folder')
      .map((group) => group.id)
      .sort();
    const outer = this.#chance.pickOr(common, null);
    const inner = this.#chance.pickOr(common, null);
    if (outer === null || inner === null || outer === inner) return;
    one.run((at, ports) => place(at, ports, [{ id: inner, folderId: outer, ifTaken: 'suffix' }]));
    other.run((at, ports) => place(at, ports, [{ id: outer, folderId: inner, ifTaken: 'suffix' }]));
  }

  resolveAll(device: SimulatedDevice): void {
    for (const group of device.state.groups.values()) {
      if (group.hasConflict) while (this.#resolve(device, group.id));
    }
  }

  #createPrompt(device: SimulatedDevice, folderId: GroupId | null, name: string): void {
    const text = Array.from({ length: 8 }, (_, line) => `line ${line}`).join('\n');
    const made = device.run((at, ports) =>
      createPrompts(at, ports, [{ folderId, name, text, ifTaken: 'suffix' }]),
    );
    for (const created of made?.result ?? []) this.promised.push({ by: device, ...created, text });
  }

  #save(device: SimulatedDevice, id: GroupId): void {
    const chance = this.#chance;
    const editors = this.#editors.get(device) ?? new Map<GroupId, Open>();
    this.#editors.set(device, editors);
    const content = device.state.groups.get(id)?.content;
    if (content === undefined || content === null || device.ports === null) return;
    const current = {
      revisionId: content.revisionId,
      text: currentText(device.state, device.ports, id) ?? '',
    };
    const base = editors.get(id) ?? current;
    const lines = base.text.split('\n');
    lines[chance.below(lines.length)] = `line by ${device.device.id.slice(0, 6)}, ${this.#count}`;
    const text = lines.join('\n');
    const saved = device.run((at, ports) => saveText(at, ports, { id, text, base: base.revisionId }));
    if (saved === null) return;
    const { mineRevisionId, revisionId, text: headText } = saved.result;
    this.promised.push({ by: device, id, revisionId: mineRevisionId, text });
    if (chance.isBelow(0.2)) editors.set(id, base);
    else editors.set(id, { revisionId, text: headText });
    if (chance.isBelow(0.5)) editors.delete(id);
  }

  #bringBack(device: SimulatedDevice, id: GroupId): void {
    const earlier = this.promised.find((promise) => promise.by === device && promise.id === id);
    if (earlier === undefined) return;
    const { revisionId } = earlier;
    device.run((at, ports) => restoreVersion(at, ports, { id, revisionId }));
  }

  #purge(device: SimulatedDevice, id: GroupId): void {
    if (!isAtLeast(device.team?.members.get(device.account.id)?.role ?? 'viewer', 'admin')) return;
    device.run((at, ports) => trash(at, ports, [id]));
    device.run((at, ports) => purge(at, ports, [id]));
  }

  #label(device: SimulatedDevice, id: GroupId): void {
    const revisionId = device.state.groups.get(id)?.content?.revisionId ?? null;
    const label = this.#chance.pick(LABELS);
    device.run((at, ports) => moveLabel(at, ports, { id, label, revisionId }));
  }

  /** Whoever may share a key shares another one, or withdraws the one that is shared. */
  shareKey(device: SimulatedDevice): void {
    if (!this.#sharesKeys) return;
    const { length } = sharedKeys(device.state);
    if (length > 0 && this.#count % 3 === 0) {
      device.run((at, ports) => withdrawProviderKey(at, ports, PROVIDER));
      return;
    }
    const key = redact(`key ${this.#count}`);
    const address = `https://${device.device.id.slice(0, 6)}.example/${this.#count}`;
    const shared = { api: 'openai-compatible', label: 'Gateway', address, key } as const;
    device.run((at, ports) => shareProviderKey(at, ports, { provider: PROVIDER, shared }));
  }

  #amend(device: SimulatedDevice, id: GroupId): void {
    const revisionId = device.state.groups.get(id)?.content?.revisionId;
    if (revisionId === undefined) return;
    const message = `message ${this.#count}`;
    device.run((at, ports) => amendMessage(at, ports, { id, revisionId, message }));
  }

  #resolve(device: SimulatedDevice, id: GroupId): boolean {
    const text = `resolved by ${device.device.id.slice(0, 6)}, ${(this.#count += 1)}\nline\nline\nline`;
    const resolved = device.run((at, ports) => resolveConflict(at, ports, { id, text }));
    if (resolved !== null) {
      this.promised.push({ by: device, id, revisionId: resolved.result.mineRevisionId, text });
    }
    return resolved !== null;
  }
}
