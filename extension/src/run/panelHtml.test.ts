import { expect, test } from 'vitest';
import { panelHtml } from './panelHtml.ts';

const page = {
  script: 'https://files.example/main.js',
  style: 'https://files.example/main.css',
  source: 'https://files.example',
  nonce: 'bm9uY2U',
  language: 'en',
  translations: { '"><script>alert(1)</script>': '</body>' },
};

function policyOf(html: string): string | undefined {
  return /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(html)?.[1];
}

test('the panel has a content security policy that allows its own script and style sheet and nothing else', () => {
  expect(policyOf(panelHtml(page))?.split('; ')).toEqual([
    "default-src 'none'",
    "script-src 'nonce-bm9uY2U'",
    'style-src https://files.example',
    'font-src https://files.example',
    "base-uri 'none'",
    "form-action 'none'",
  ]);
});

test('translations are text, whatever they hold', () => {
  const html = panelHtml(page);
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html).toContain('data-translations="{&quot;');
});
