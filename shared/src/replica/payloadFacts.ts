// A payload without its text or key: what the state keeps of a record.

import { textToUtf8 } from '../encoding/utf8.ts';
import type { Payload } from '../record/payload.ts';
import type { PayloadFacts } from './state.ts';

export function payloadFacts(payload: Payload): PayloadFacts {
  switch (payload.kind) {
    case 'content': {
      const { text, ...facts } = payload;
      return { ...facts, size: textToUtf8(text)?.length ?? 0 };
    }
    case 'comment': {
      const { text: _, ...facts } = payload;
      return facts;
    }
    case 'providerKey': {
      const { shared, ...facts } = payload;
      if (shared === null) return { ...facts, shared };
      const { key: _, ...known } = shared;
      return { ...facts, shared: known };
    }
    case 'place':
    case 'label':
    case 'message':
    case 'workspaceName':
    case 'profile':
      return payload;
  }
}
