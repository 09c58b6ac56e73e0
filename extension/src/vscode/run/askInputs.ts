// Asks for what a prompt needs and nobody else can give: one control after the other, with Back, a step count, and last
// time's answers. Texts of several lines are asked for in the run panel, because no input box of VS Code takes a line
// break.

import * as vscode from 'vscode';
import type { PlainValue } from '@cuebook/shared/format/promptDocument';
import { parseAnswer, valueToText, type InputQuestion, type Values } from '../../run/inputPlan.ts';
import { labelOf, oneLine } from '../library/plainText.ts';

export type Answer =
  | { readonly kind: 'value'; readonly value: PlainValue | undefined }
  | { readonly kind: 'back' }
  | { readonly kind: 'cancel' };

export interface TextRequest {
  readonly title: string;
  readonly name: string;
  readonly description: string;
  readonly value: string;
  readonly problem: string;
  readonly required: boolean;
  readonly canGoBack: boolean;
}

export type AskText = (
  request: TextRequest,
) => Promise<{ readonly outcome: 'continue' | 'back' | 'cancel'; readonly text: string }>;

interface Step {
  readonly promptName: string;
  readonly number: number;
  readonly count: number;
}

/** The answers by name, or null if the user gave up. Inputs left empty are not among them. */
export async function askInputs(
  promptName: string,
  questions: readonly InputQuestion[],
  askText: AskText,
): Promise<Values | null> {
  const answers = new Map<string, PlainValue | undefined>();
  for (let at = 0; at < questions.length;) {
    const question = questions[at];
    if (!question) break;
    const { name } = question.input;
    const initial = answers.has(name) ? answers.get(name) : question.initial;
    const step = { promptName, number: at + 1, count: questions.length };
    const answer = await ask({ ...question, initial }, step, askText);
    if (answer.kind === 'cancel') return null;
    if (answer.kind === 'value') answers.set(name, answer.value);
    at += answer.kind === 'back' ? -1 : 1;
    if (at < 0) return null;
  }
  const given = [...answers].filter((entry): entry is [string, PlainValue] => entry[1] !== undefined);
  return Object.fromEntries(given);
}

async function ask(question: InputQuestion, step: Step, askText: AskText): Promise<Answer> {
  switch (question.control) {
    case 'choice':
      return pick(question, step, (question.input.enum ?? []).map(choiceOf));
    case 'yesNo':
      return pick(question, step, [
        { label: vscode.l10n.t('Yes'), value: true },
        { label: vscode.l10n.t('No'), value: false },
      ]);
    case 'line':
    case 'number':
      return askLine(question, step);
    case 'text':
      return askLines(question, step, askText);
  }
}

interface Choice extends vscode.QuickPickItem {
  readonly value: PlainValue | undefined;
}

function choiceOf(value: PlainValue): Choice {
  return { label: labelOf(valueToText(value)), value };
}

async function pick(question: InputQuestion, step: Step, choices: readonly Choice[]): Promise<Answer> {
  const { input } = question;
  const box = vscode.window.createQuickPick<Choice>();
  const empty: Choice = { label: vscode.l10n.t('Leave Empty'), value: undefined };
  const isOptional = !input.required && input.default === undefined;
  box.items = isOptional ? [...choices, empty] : choices;
  box.activeItems = box.items.filter(
    (item) => JSON.stringify(item.value) === JSON.stringify(question.initial),
  );
  box.placeholder = oneLine(input.description, 200) || input.name;
  return answerOf(box, question, step, () => {
    const [item] = box.selectedItems;
    return item ? { kind: 'value', value: item.value } : null;
  });
}

async function askLine(question: InputQuestion, step: Step): Promise<Answer> {
  const { input } = question;
  const box = vscode.window.createInputBox();
  box.value = valueToText(question.initial);
  box.prompt = oneLine(input.description, 400) || input.name;
  box.placeholder = input.required ? '' : vscode.l10n.t('Optional');
  const check = box.onDidChangeValue((text) => {
    const parsed = parseAnswer(input, text);
    box.validationMessage = parsed.ok || text === '' ? undefined : parsed.problem;
  });
  try {
    return await answerOf(box, question, step, () => {
      const parsed = parseAnswer(input, box.value);
      if (parsed.ok) return { kind: 'value', value: parsed.value };
      box.validationMessage = parsed.problem;
      return null;
    });
  } finally {
    check.dispose();
  }
}

/** Shows the control until it is answered. `accept` gives null where the answer will not do. */
async function answerOf(
  box: vscode.QuickPick<Choice> | vscode.InputBox,
  { input }: InputQuestion,
  step: Step,
  accept: () => Answer | null,
): Promise<Answer> {
  box.title = `${labelOf(step.promptName)}: ${input.name}`;
  box.step = step.number;
  box.totalSteps = step.count;
  box.ignoreFocusOut = true;
  if (step.number > 1) box.buttons = [vscode.QuickInputButtons.Back];
  try {
    return await new Promise<Answer>((resolve) => {
      box.onDidAccept(() => {
        const answer = accept();
        if (answer) resolve(answer);
      });
      box.onDidTriggerButton(() => resolve({ kind: 'back' }));
      box.onDidHide(() => resolve({ kind: 'cancel' }));
      box.show();
    });
  } finally {
    box.dispose();
  }
}

async function askLines(question: InputQuestion, step: Step, askText: AskText): Promise<Answer> {
  const { input } = question;
  let value = valueToText(question.initial);
  let problem = '';
  for (;;) {
    const { outcome, text } = await askText({
      title: vscode.l10n.t('{0} ({1} of {2})', step.promptName, step.number, step.count),
      name: input.name,
      description: [input.description, formHint(input.type)].filter(Boolean).join(' '),
      value,
      problem,
      required: input.required,
      canGoBack: step.number > 1,
    });
    if (outcome !== 'continue') return { kind: outcome };
    const parsed = parseAnswer(input, text);
    if (parsed.ok) return { kind: 'value', value: parsed.value };
    value = text;
    problem = parsed.problem;
  }
}

function formHint(type: InputQuestion['input']['type']): string {
  switch (type) {
    case 'array':
      return vscode.l10n.t('One item a line, or a JSON array.');
    case 'object':
      return vscode.l10n.t('A JSON object.');
    case 'string':
    case 'number':
    case 'boolean':
    case 'image':
      return '';
  }
}
