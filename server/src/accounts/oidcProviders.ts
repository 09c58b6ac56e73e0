// The OpenID Connect providers of this server, as its configuration names them.

import type { Redacted } from '@cuebook/shared/util/redacted';

export interface OidcProviderFacts {
  /** As in `startOidc`: letters, digits and dashes. */
  readonly id: string;
  readonly name: string;
}

export interface OidcProvider extends OidcProviderFacts {
  /** Without `/.well-known/openid-configuration`. */
  readonly issuer: string;
  readonly clientId: string;
  /** Null: a public client, which has PKCE alone. */
  readonly clientSecret: Redacted<string> | null;
}
