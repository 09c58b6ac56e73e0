// One sentence for each key and word of the prompt document; the reference is docs/format.md. Pure.

import { t } from '@vscode/l10n';

export const keyDocs = (): Readonly<Record<string, string>> => ({
  name: t("A name for readers. The prompt's place in the library is its real name."),
  description: t('One sentence that says what the prompt does. Shown in pickers and in the tree.'),
  'argument-hint': t('What to type after the name of the prompt, such as `[focus]`.'),
  model: t('The model, as `provider/model`, or a list of them: the first that is available is used.'),
  inputs: t('The inputs of the prompt. {0} uses one.', '`{{name}}`'),
  config: t('Parameters of a run.'),
  output: t('The form of the answer.'),
  tags: t('Words to find the prompt by.'),
  'config.temperature': 'From 0 (steady) to 2 (varied).',
  'config.maxOutputTokens': t('The longest answer, in tokens.'),
  'config.topP': t('From 0 to 1: how much of the probability is considered.'),
  'config.stop': t('A text, or a list of texts, at which the answer ends.'),
  'config.seed': t('A whole number that makes answers repeatable where the model can do that.'),
  'output.schema': t('A JSON Schema that the answer must follow, where the model can do that.'),
  'inputs.*.type': '`string`, `number`, `boolean`, `array`, `object` or `image`.',
  'inputs.*.description': t('Shown where the value is asked for.'),
  'inputs.*.default': t('Used when no value is given.'),
  'inputs.*.required': t('`true`: the prompt does not run without a value.'),
  'inputs.*.enum': t('The allowed values.'),
  'inputs.*.multiline': t('`true`: asked for in a larger field.'),
  '#if': t('Shown if the value is not empty, `0`, `false` or an empty list.'),
  '#unless': t('Shown if the value is empty, `0`, `false` or an empty list.'),
  '#each': t('Repeated for each item. {0} is the item, {1} its number from 0.', '`{{this}}`', '`{{@index}}`'),
});
