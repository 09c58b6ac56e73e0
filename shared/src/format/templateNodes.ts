// Walks over a template's tree.

import type { PartialNode, TemplateNode } from './promptDocument.ts';

/** Every node, each block before what it holds. */
export function allNodes(nodes: readonly TemplateNode[]): readonly TemplateNode[] {
  return nodes.flatMap((node) =>
    node.kind === 'block' ? [node, ...allNodes(node.body), ...allNodes(node.otherwise)] : [node],
  );
}

/** All partial tags, in order. */
export function partialNodes(nodes: readonly TemplateNode[]): readonly PartialNode[] {
  return allNodes(nodes).filter((node) => node.kind === 'partial');
}
