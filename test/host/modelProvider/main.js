// Offers `echo` (streams back what it was sent, in words) and `refuse` (answers as a model without quota).
import * as vscode from 'vscode';

const model = (id) => ({
  id,
  name: id,
  family: id,
  version: '1',
  maxInputTokens: 8000,
  maxOutputTokens: 1000,
  capabilities: {},
});

const textOf = (message) =>
  message.content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');

export function activate(context) {
  const provider = {
    provideLanguageModelChatInformation: () => [model('echo'), model('refuse')],
    async provideLanguageModelChatResponse(chosen, messages, _options, progress, token) {
      if (chosen.id === 'refuse') throw vscode.LanguageModelError.Blocked('Quota exceeded');
      for (const word of messages
        .map(textOf)
        .join('\n---\n')
        .split(/(?<=\s)/)) {
        if (token.isCancellationRequested) return;
        progress.report(new vscode.LanguageModelTextPart(word));
      }
    },
    provideTokenCount: async (_model, text) =>
      (typeof text === 'string' ? text : textOf(text)).split(/\s+/).length,
  };
  context.subscriptions.push(vscode.lm.registerLanguageModelChatProvider('cuebook-test', provider));
}
