// A model's answer, from Markdown to nodes that can do nothing. An answer is text from outside: it may try to load
// images, run scripts, show forms or send the reader somewhere. What is left after this file is text, structure and
// links that only tell the host that they were clicked.
//
// Three layers, each enough alone: Markdown without HTML, an allow-list of elements and attributes, and the page's
// content security policy.

import DOMPurify, { type Config } from 'dompurify';
import MarkdownIt, { type Token } from 'markdown-it';
import { t } from './translate.ts';

/** Link definitions found so far, carried from one part of an answer to the next. */
export type LinkDefinitions = Record<string, unknown>;

export interface SafeMarkdown {
  /** Top-level tokens. */
  parse(text: string, definitions: LinkDefinitions): readonly Token[];
  toNodes(tokens: readonly Token[], definitions: LinkDefinitions): DocumentFragment;
}

const allowed: Config = {
  ALLOWED_TAGS: [
    'p',
    'br',
    'hr',
    'h1',
    'h2',
    'h3',
    'h4',
    'h5',
    'h6',
    'ul',
    'ol',
    'li',
    'blockquote',
    'pre',
    'code',
    'em',
    'strong',
    's',
    'a',
    'table',
    'thead',
    'tbody',
    'tr',
    'th',
    'td',
    'span',
  ],
  ALLOWED_ATTR: ['href', 'class', 'start'],
  ALLOWED_URI_REGEXP: /^https?:\/\//i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOW_UNKNOWN_PROTOCOLS: false,
  RETURN_DOM_FRAGMENT: true,
};

const classPattern = /^(?:language-[\w+#.-]{1,40}|image-removed)$/;

export function createSafeMarkdown(window: Window): SafeMarkdown {
  const markdown = createMarkdown();
  const purifier = DOMPurify(window as unknown as Parameters<typeof DOMPurify>[0]);
  purifier.addHook('afterSanitizeAttributes', keepHarmless);
  return {
    parse: (text, definitions) => markdown.parse(text, definitions),
    toNodes: (tokens, definitions) => {
      const html = markdown.renderer.render([...tokens], markdown.options, definitions);
      return purifier.sanitize(html, allowed) as unknown as DocumentFragment;
    },
  };
}

function createMarkdown(): InstanceType<typeof MarkdownIt> {
  const markdown = new MarkdownIt({ html: false, linkify: true, breaks: false, maxNesting: 40 });
  markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
  markdown.validateLink = (url) => /^https?:\/\//i.test(url.trim());
  markdown.renderer.rules['image'] = (tokens, index) => {
    const description = tokens[index]?.content ?? '';
    return `<span class="image-removed">${markdown.utils.escapeHtml(t('Image not loaded: {0}', description))}</span>`;
  };
  return markdown;
}

/** A link has no address that a browser would follow: a click on it is a message to the host, which asks the user. */
function keepHarmless(element: Element): void {
  const classes = element.getAttribute('class');
  if (classes !== null && !classPattern.test(classes)) element.removeAttribute('class');
  if (element.localName !== 'a') return;
  const address = element.getAttribute('href');
  element.removeAttribute('href');
  if (address === null) return;
  element.setAttribute('data-address', address);
  element.setAttribute('title', address);
  element.setAttribute('role', 'link');
  element.setAttribute('tabindex', '0');
}
