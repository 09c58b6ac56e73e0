// What the replica asks of prompt texts, answered by the prompt document: the production half of `ReplicaPorts`.

import { mergeDocuments } from '../format/merge.ts';
import { parseDocument } from '../format/parse.ts';
import type { TemplateNode } from '../format/promptDocument.ts';
import type { MergedText, MergeSides, PromptFacts } from './ports.ts';

export function factsOfText(text: string): PromptFacts {
  const { settings, messages } = parseDocument(text);
  const includes = new Set<string>();
  for (const message of messages) collectIncludes(message.nodes, includes);
  return {
    description: settings.description?.value ?? '',
    tags: settings.tags.map((tag) => tag.value),
    models: settings.models.map((model) => model.value),
    includes: [...includes],
  };
}

export function mergeTexts(sides: MergeSides): MergedText {
  const { kind, text } = mergeDocuments(sides);
  return { clean: kind === 'clean', text };
}

/** Blocks nest only as deep as the document's parser lets them. */
function collectIncludes(nodes: readonly TemplateNode[], found: Set<string>): void {
  for (const node of nodes) {
    if (node.kind === 'partial') found.add(node.reference);
    if (node.kind === 'block') {
      collectIncludes(node.body, found);
      collectIncludes(node.otherwise, found);
    }
  }
}
