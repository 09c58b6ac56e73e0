// What a prompt's references lead to, as the format and the language features ask for it. Pure.

import type { PartialResolver } from '@cuebook/shared/format/partials';
import type { KnownPartial } from './api.ts';

export interface KnownPartials {
  /** False if the library could not be asked. */
  readonly isKnown: boolean;
  readonly areAllFound: boolean;
  readonly resolve: PartialResolver;
  /** Null if the reference leads to nothing. */
  readonly find: (
    reference: string,
  ) => { readonly key: string; readonly path: string; readonly text: string } | null;
}

/** Null: the library could not be asked. */
export function knownPartials(partials: readonly KnownPartial[] | null): KnownPartials {
  const byReference = new Map(partials?.map((partial) => [partial.reference, partial]));
  return {
    isKnown: partials !== null,
    areAllFound: partials !== null && partials.every(({ text }) => text !== null),
    resolve: (reference) => {
      const partial = byReference.get(reference);
      return partial === undefined || partial.text === null ? null : { key: partial.key, text: partial.text };
    },
    find: (reference) => {
      const { key, path = null, text = null } = byReference.get(reference) ?? {};
      return key === undefined || path === null || text === null ? null : { key, path, text };
    },
  };
}
