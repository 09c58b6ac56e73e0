// The run panel's page. It may load its own script, style sheet and font and nothing else: no image, no frame, no
// connection, no form, no inline script or style.

export function panelHtml(page: {
  readonly script: string;
  readonly style: string;
  /** Where the page's own files come from, as a content security policy names it. */
  readonly source: string;
  readonly nonce: string;
  readonly language: string;
  /** English text → the user's language; what is missing stays English. */
  readonly translations: Readonly<Record<string, unknown>>;
}): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${page.nonce}'`,
    `style-src ${page.source}`,
    `font-src ${page.source}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${attribute(page.language)}" data-translations="${attribute(JSON.stringify(page.translations))}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${page.style}">
<title>Cuebook Run</title>
</head>
<body>
<script nonce="${page.nonce}" src="${page.script}"></script>
</body>
</html>`;
}

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
