// The id of a request: in its answer, its log lines and the security log. 128 random bits, never taken from outside.

import { randomBytes } from 'node:crypto';
import { bytesToBase32 } from '@cuebook/shared/encoding/base32';

export const REQUEST_ID_HEADER = 'x-request-id';

/** 26 characters, as `rowId` of the protocol. */
export const createRequestId = (): string => bytesToBase32(randomBytes(16));
