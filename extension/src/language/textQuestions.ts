// Questions about texts that come with the question: prompts to run, files to import, prompts that include another.

import { importPromptFile } from '@cuebook/shared/format/importPrompt';
import { parseDocument } from '@cuebook/shared/format/parse';
import { render } from '@cuebook/shared/format/render';
import { partialNodes } from '@cuebook/shared/format/templateNodes';
import { uses } from '@cuebook/shared/format/uses';
import { valueToText } from '../run/inputPlan.ts';
import type { GivenPrompt, Inclusion, TextQuestions } from './api.ts';
import { findHidden } from './hiddenFinding.ts';
import { knownPartials } from './knownPartials.ts';
import { movedPartials } from './movedPartials.ts';
import { withRanges } from './places.ts';

export function createTextQuestions(): TextQuestions {
  return {
    read: async ({ text, partials }) => {
      const document = parseDocument(text);
      const texts = [text, ...partials.map((partial) => partial.text ?? '')];
      return {
        settings: document.settings,
        uses: uses(document, knownPartials(partials).resolve),
        hidden: findHidden(texts, false),
      };
    },
    render: async ({ text, key, partials }, { inputs, builtIns }) => ({
      outcome: render(parseDocument(text), {
        inputs,
        builtIns,
        partials: knownPartials(partials).resolve,
        ...(key !== null && { key }),
      }),
      hidden: findHidden([...Object.values(builtIns), ...Object.values(inputs).map(valueToText)], true),
    }),
    inclusions: async (prompt, of) => inclusionsOf(prompt, of),
    convert: async (file) => importPromptFile(file),
  };
}

function inclusionsOf({ text, partials }: GivenPrompt, of: string): readonly Inclusion[] {
  const document = parseDocument(text);
  const { find } = knownPartials(partials);
  const moved = movedPartials(document, find);
  return document.messages
    .flatMap(({ nodes }) => partialNodes(nodes))
    .filter(({ reference }) => find(reference)?.key === of)
    .map(({ referenceSpan: span }) => {
      const edit = moved.find(({ span: { start } }) => start === span.start)?.edit;
      return {
        range: document.lines.range(span),
        moved: edit === undefined ? null : (withRanges(document, [edit])[0] ?? null),
      };
    });
}
