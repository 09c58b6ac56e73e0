// The few pages for browsers: an invite's landing page, the return from a provider's sign-in, and where a one-time link
// leads. They are words only: no script, no form, no image, nothing from elsewhere, and no field that a secret could be
// put into. An invite's secret is never part of an https link, so that no server, this one included, could see it.

import { createHash } from 'node:crypto';

export interface Page {
  readonly html: string;
  readonly policy: string;
  readonly status: 200 | 400;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --paper: #fff; --quiet: #57606a; --line: #d0d7de; --link: #0550ae; --code: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0d1117; --quiet: #9da7b3; --line: #30363d; --link: #79c0ff; --code: #161b22; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif; }
main { max-width: 36rem; margin: 12vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
li { margin: 0.5rem 0; }
a { color: var(--link); }
a:focus-visible { outline: 2px solid; outline-offset: 3px; }
code { padding: 0.15em 0.35em; border: 1px solid var(--line); border-radius: 4px; background: var(--code); overflow-wrap: anywhere; }
.code { display: inline-block; font-size: 1.75rem; letter-spacing: 0.1em; user-select: all; }
.quiet { color: var(--quiet); font-size: 0.9rem; }
`;

const styleHash = createHash('sha256').update(STYLE).digest('base64');
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Where somebody lands who was sent an invite as an https link. `address`: of this page, as it is pasted. */
export const invitePage = (address: string): Page =>
  page('Join a team on Cuebook', [
    '<p>You have been invited to a team that keeps its prompts in Cuebook.</p>',
    '<ol>',
    '<li>Install <strong>Cuebook</strong> in VS Code.</li>',
    '<li>Run <strong>Cuebook: Join a Team</strong> from the command palette.</li>',
    `<li>Paste this address: <code>${escape(address)}</code></li>`,
    '<li>Then paste the <strong>invite code</strong> that you were sent separately.</li>',
    '</ol>',
    '<p class="quiet">The code goes into VS Code and nowhere else. No page of this server asks for it.</p>',
  ]);

/** Where a one-time link of the server's owner leads. */
export const oneTimePage = (kind: 'account' | 'password'): Page =>
  page(kind === 'account' ? 'Set up your account' : 'Set a new password', [
    '<ol>',
    '<li>Install <strong>Cuebook</strong> in VS Code.</li>',
    kind === 'account'
      ? '<li>Run <strong>Cuebook: Connect to a Server</strong> from the command palette.</li>'
      : '<li>Run <strong>Cuebook: Reset Password</strong> from the command palette.</li>',
    '<li>Paste this address, and the one-time code that came with it.</li>',
    '</ol>',
    '<p class="quiet">The code is good once. It goes into VS Code and nowhere else.</p>',
  ]);

/** Back from the provider, to VS Code by a link that the person presses. */
export const backToEditorPage = (uri: string): Page =>
  page('You are signed in', [
    `<p><a href="${escape(uri)}">Go back to VS Code</a></p>`,
    '<p class="quiet">Then this page can be closed.</p>',
  ]);

/** Back from the provider where no link leads to the editor. */
export const codePage = (code: string): Page =>
  page('You are signed in', [
    '<p>Go back to VS Code and type this code there:</p>',
    `<p><code class="code">${escape(code)}</code></p>`,
    '<p class="quiet">Type it only where you started to sign in yourself. It is worth nothing elsewhere.</p>',
  ]);

const FAILURES = {
  denied: 'The provider says that you did not agree.',
  emailNotVerified: 'The provider has not verified your e-mail address.',
  ended: 'This sign-in took too long, or was used already.',
  provider: 'The provider did not answer as it should.',
} as const;

export const failedPage = (reason: keyof typeof FAILURES): Page =>
  page(
    'You are not signed in',
    [`<p>${FAILURES[reason]}</p>`, '<p>Go back to VS Code and start again.</p>'],
    400,
  );

function page(title: string, body: readonly string[], status: Page['status'] = 200): Page {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Cuebook</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body.join('\n')}
</main>
</body>
</html>
`;
  return { html, policy: POLICY, status };
}

const escape = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
