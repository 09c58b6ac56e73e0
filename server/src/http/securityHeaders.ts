// Headers of every answer. Nothing here is ever framed, scripted, cached, sniffed or sent on as a referrer.

/** For answers that are no pages: nothing may be loaded at all. */
const NO_CONTENT_POLICY =
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

const HSTS = 'max-age=63072000; includeSubDomains';

/** `policy`: a page's own Content-Security-Policy. */
export function securityHeaders(isSecure: boolean, policy = NO_CONTENT_POLICY): ReadonlyMap<string, string> {
  return new Map([
    ['Content-Security-Policy', policy],
    ['X-Content-Type-Options', 'nosniff'],
    ['X-Frame-Options', 'DENY'],
    ['Referrer-Policy', 'no-referrer'],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    ['Cross-Origin-Resource-Policy', 'same-origin'],
    ['Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()'],
    ['Cache-Control', 'no-store'],
    ...(isSecure ? ([['Strict-Transport-Security', HSTS]] as const) : []),
  ]);
}
